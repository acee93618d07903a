import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where get-tools.sh puts what it builds. */
export const TOOLS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tandem', 'deploy', 'bin');

const FOLDERS = [TOOLS, join(homedir(), 'go/bin'), ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not to be run
  }
}

/** The programs that read the files of deploy/. */
export const programs = {
  /** Its path; null when this machine has none. */
  find: (name) => FOLDERS.map((folder) => join(folder, name)).find(isProgram) ?? null,

  /**
   * Runs one to its end and answers with what it printed to standard output.
   * @param options of spawnSync; `quiet`: to print anything at all is a failure (systemd-analyze says faults that way).
   * @throws Error with the end of what it printed
   */
  run: (name, args, { quiet = false, ...options } = {}) => {
    const command = programs.find(name) ?? name;
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      ...options,
    });
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim();
    if (status === 0 && !(quiet && said !== '')) return stdout ?? '';
    const why = error?.message ?? `exit code ${status}`;
    throw new Error(`${name} ${args.join(' ').slice(0, 400)}: ${why}\n${said.slice(-4_000)}`);
  },
};
