import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programs, TOOLS } from './programs.mjs';

/**
 * A folder with a Debian in it, made by debootstrap once and kept beside the tools: a minute, and about half a GiB.
 * @param name of the folder @param suite such as bookworm
 */
export function debianRoot(name, suite, packages) {
  const folder = join(dirname(TOOLS), name);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  programs.run('debootstrap', [
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    suite,
    fresh,
    'http://deb.debian.org/debian',
  ]);
  programs.run('mv', [fresh, folder]);
  return folder;
}
