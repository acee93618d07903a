import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, untilReady } from '../drivers/programs.mjs';
import { debianRoot } from './debian-root.mjs';
import { programs } from './programs.mjs';

/** As a host of docs/systemd.md has it. */
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'postgresql', 'curl', 'procps', 'ca-certificates'];

/**
 * A Debian whose first process is systemd, in namespaces of its own with nothing but a loopback; it forgets everything when
 * it ends. @param files paths of this machine, and where they are in it, to be read only
 */
export async function bootHost(files) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-host-'));
  const root = debianRoot('debian-bookworm-systemd', 'bookworm', PACKAGES);
  const binds = Object.entries(files).map(([from, to]) => `--bind-ro=${from}:${to}`);
  const alone = ['--quiet', '--keep-unit', '--register=no', '--private-network', '--volatile=overlay', '--boot'];
  const nspawn = startServer('systemd-nspawn', [...alone, '-D', root, ...binds], { logFile: join(folder, 'boot.log') });
  /** Runs a program in it. @throws Error with what it printed */
  const inside = (...command) =>
    programs.run('nsenter', ['--target', firstProcessOf(nspawn.pid), '--all', ...command], { timeout: 120_000 });
  const stop = async () => {
    await nspawn.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(nspawn, 'systemd', async () => inside('systemctl', 'is-system-running', '--wait') !== '');
    return { inside, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstProcessOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
}
