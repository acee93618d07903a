// Builds the web UI into dist/web when its sources changed. Part of every build.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { nodeOf } from './deps.mjs';
import { Trouble } from './trouble.mjs';

const COMPRESSED = /\.(js|css|html|svg|webmanifest|json)$/;
/** Brotli's 11 takes four times as long for 2 % less. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Answers whether anything had to be built. */
export async function buildWeb(root, log) {
  const sources = join(root, 'apps', 'web');
  if (!existsSync(sources)) return false;
  const target = join(root, 'dist', 'web');
  const stamp = join(root, 'dist', '.web-sources');
  const digest = digestOf(root, [...filesUnder(sources), join(root, 'package-lock.json')]);
  if (existsSync(join(target, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest)
    return false;
  log('building the web UI');
  await vite(root);
  await Promise.all([...filesUnder(target)].filter((file) => COMPRESSED.test(file)).map(compress));
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  return true;
}

function vite(root) {
  return new Promise((resolve, reject) => {
    const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'apps/web', '--logLevel', 'warn'];
    const child = spawn(nodeOf(root), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Trouble(`the web UI does not build: ${said.trim().slice(0, 2_000)}`)),
    );
  });
}

/** Once here, not for every request. */
async function compress(file) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.br`, await promisify(brotliCompress)(bytes, BROTLI));
  writeFileSync(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

function digestOf(root, files) {
  const digest = createHash('sha256');
  for (const file of files.sort()) digest.update(relative(root, file)).update('\0').update(readFileSync(file));
  return digest.digest('hex');
}

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    // What tests leave there (vitest's results) is no source: a build in the middle of a run takes the files away from
    // pages that are open.
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}
