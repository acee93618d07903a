// Compiles apps, libs and tools into dist, only what changed. `npm run build`, and part of every ./start.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWeb } from './build-web.mjs';
import { Trouble, plainReason } from './trouble.mjs';

const ROOMS = ['apps', 'libs', 'tools'];
/** The web UI has a build of its own. */
const OTHERS = new Set(['apps/web']);

/** The services and the web UI: what changed since the last build. */
export async function buildAll(root, log) {
  await build(root, log);
  await buildWeb(root, log);
}

/**
 * Compiles what changed since the last build and removes what has no source any more; answers how many files changed.
 * Other rooms than those of the product are remembered in a manifest of their own.
 */
export async function build(root, log, rooms = ROOMS) {
  const manifestFile = join(root, 'dist', rooms === ROOMS ? '.sources.json' : `.sources-${rooms.join('-')}.json`);
  const before = readManifest(manifestFile);
  // A new compiler or new settings make everything new.
  const settings = hash(readFileSync(join(root, '.swcrc')), readFileSync(join(root, 'package-lock.json')));
  const sources = new Map(rooms.flatMap((room) => [...sourcesUnder(root, join(root, room))]));
  const outdated = [...sources].filter(
    ([path, digest]) =>
      before.settings !== settings || before.sources[path] !== digest || !existsSync(output(root, path)),
  );
  const orphans = [...existingOutputs(join(root, 'dist'), rooms)].filter((file) => !sources.has(sourceOf(root, file)));
  if (outdated.length === 0 && orphans.length === 0) return 0;
  if (outdated.length > 0) log(`building ${outdated.length} file${outdated.length === 1 ? '' : 's'}`);
  const { transform } = createRequire(join(root, 'package.json'))('@swc/core');
  const options = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  delete options.$schema;
  delete options.exclude;
  await Promise.all(outdated.map(([path]) => compile(root, path, transform, options)));
  for (const file of orphans) rmSync(file, { force: true });
  writeWhole(manifestFile, JSON.stringify({ settings, sources: Object.fromEntries(sources) }));
  return outdated.length;
}

async function compile(root, path, transform, options) {
  const target = output(root, path);
  const source = readFileSync(join(root, path), 'utf8');
  let result;
  try {
    result = await transform(source, {
      ...options,
      swcrc: false,
      configFile: false,
      filename: join(root, path),
      sourceFileName: relative(dirname(target), join(root, path)),
    });
  } catch (error) {
    throw new Trouble(`${path} does not compile: ${error.message}`);
  }
  mkdirSync(dirname(target), { recursive: true });
  const map = `${target}.map`;
  if (result.map !== undefined) writeWhole(map, result.map);
  const link = result.map === undefined ? '' : `\n//# sourceMappingURL=${relative(dirname(target), map)}\n`;
  writeWhole(target, result.code + link);
}

/** A service that starts at this moment sees the old file or the new one. */
function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.new`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
}

function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { settings: null, sources: {} }; // never built, or cut short: build everything
  }
}

function* sourcesUnder(root, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = relative(root, path);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !OTHERS.has(name)) yield* sourcesUnder(root, path);
    } else if (/(?<!\.spec|\.d)\.ts$/.test(entry.name)) {
      yield [name, hash(readFileSync(path))];
    }
  }
}

function* existingOutputs(folder, rooms) {
  for (const room of rooms) yield* filesUnder(join(folder, room));
}

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (/\.js(\.map)?$/.test(entry.name)) yield path;
  }
}

function output(root, source) {
  return join(root, 'dist', source.replace(/\.ts$/, '.js'));
}

function sourceOf(root, file) {
  return relative(join(root, 'dist'), file).replace(/\.js(\.map)?$/, '.ts');
}

function hash(...parts) {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  buildAll(root, (line) => console.error(line)).catch((error) => {
    console.error(plainReason(error));
    process.exitCode = 1;
  });
}
