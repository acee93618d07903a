import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where each service with a database has its migrations: files that begin with their number. */
const MIGRATIONS = 'apps/*/src/database/**/[0-9]*-*.ts';

/**
 * The commit of the version before: UPGRADE_FROM, else the newest release that is not this commit, else the commit before the
 * newest migration. Null where git does not know (an archive, a shallow clone).
 */
export function versionBefore(root) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  const commit = (name) => git('rev-parse', '--verify', '--quiet', `${name}^{commit}`);
  const tries = [
    () => commit(process.env.UPGRADE_FROM ?? ''),
    () => commit(git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^')),
    () => commit(`${git('log', '-1', '--diff-filter=A', '--format=%H', '--', `:(glob)${MIGRATIONS}`)}^`),
  ];
  for (const attempt of tries) {
    try {
      return attempt();
    } catch {
      // No such release, or its history is not here: the next one.
    }
  }
  return null;
}

/**
 * Builds the services of a commit in a folder of their own, with the packages that are installed here.
 * @returns its `dist`, how many migrations it has, and `remove`
 */
export async function buildVersion(root, commit) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-older-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const sources = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 256 * 1024 * 1024 });
    execFileSync('tar', ['-x', '-C', folder], { input: sources });
    mkdirSync(join(folder, '.cache'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const { build } = await import(pathToFileURL(join(folder, 'tools/launcher/build.mjs')).href);
    await build(folder, () => undefined);
    return { dist: join(folder, 'dist'), migrations: migrationsOf(folder).length, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

export function migrationsOf(root) {
  return readdirSync(join(root, 'apps'), { recursive: true }).filter((path) =>
    /^[^/]+\/src\/database\/(.*\/)?\d+-[^/]+\.ts$/.test(path),
  );
}
