// Brings node_modules to what package-lock.json says. Runs on Node 20 with nothing installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Trouble } from './trouble.mjs';

/** Whether anything had to be installed. */
export async function ensureDependencies(root, log) {
  if (dependenciesAreCurrent(root)) return false;
  log('installing the dependencies (npm ci); about 20 s with a warm cache');
  await npmCi(root);
  writeStamp(root);
  return true;
}

/** Node 24 of node_modules; the system's own where that is as new and install scripts were not allowed to run. */
export function nodeOf(root) {
  const ours = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(ours)) return ours;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Trouble(
    'the npm package "node" (Node 24) was installed without its program: allow its install script ' +
      '(`npm config get ignore-scripts` should say false), remove node_modules and start again',
  );
}

function dependenciesAreCurrent(root) {
  const stamp = stampFile(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root)) return true;
  if (!installedByHand(root)) return false;
  writeStamp(root); // somebody ran npm themselves; the same packages are there
  return true;
}

/** npm keeps what it installed in node_modules/.package-lock.json: compare it with what is wanted. */
function installedByHand(root) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
    return Object.entries(wanted).every(
      ([path, { version, optional, devOptional, peer }]) =>
        path === '' || optional || devOptional || peer || present[path]?.version === version,
    );
  } catch {
    return false; // half written, or of a format that we do not know: npm ci sorts it out
  }
}

function stampFile(root) {
  return join(root, 'node_modules', '.tandem-installed');
}

function writeStamp(root) {
  writeFileSync(stampFile(root), fingerprint(root));
}

/** The lock file, and the platform that its native packages were chosen for. */
function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
}

function npmCi(root) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // NODE_ENV=production in somebody's shell would leave out Node 24 itself.
      env: { ...process.env, NODE_ENV: 'development', npm_config_omit: '', npm_config_production: '' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
    }
    child.once('error', (error) => {
      reject(
        new Trouble(
          error.code === 'ENOENT'
            ? 'npm was not found on PATH; it comes with Node.js'
            : `npm cannot run: ${error.message}`,
        ),
      );
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Trouble(npmReason(output)))));
  });
}

/** What npm meant, in one line. */
export function npmReason(output) {
  const lines = output.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s?/, '').trim());
  const code = /^code (\S+)/m.exec(lines.join('\n'))?.[1];
  const detail = lines.find((line) => line !== '' && !/^(code|errno|syscall|path) /.test(line)) ?? 'no output';
  if (/^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH)$/.test(code ?? '')) {
    return `the npm registry could not be reached (${code}): ${detail}`;
  }
  if (code === 'ENOSPC' || /ENOSPC/.test(output)) return 'the disk is full: npm ci could not write node_modules';
  if (code === 'EACCES' || code === 'EPERM') return `npm ci may not write here: ${detail}`;
  return `npm ci failed${code === undefined ? '' : ` (${code})`}: ${detail}`;
}
