import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { leash, shellWord } from '#testing/leash';
import { type Clients, pause } from '../clients';
import type { Fault, Injected } from '../fault';
import type { Stage } from '../stage';

/** JetStream takes three quarters of a disk for itself: enough for the dead letters (64 MiB) and a small ledger stream. */
const DISK_MIB = 100;
const STREAM_BYTES = 4 * 1024 * 1024;
const FULL_MS = 15_000;
/** After it, an operator would start nats-server again. */
const BY_ITSELF_MS = 10_000;
const BALLAST_BYTES = 1024 * 1024;

let mounted = false;

/** The disk of nats-server has no byte left for a while. */
export const DISK_FULL: Fault = {
  name: 'disk-full',
  title: 'disk of nats-server full for 15 s',
  env: { USAGE_STREAM_MAX_BYTES: String(STREAM_BYTES) },
  spares: 'running',
  prepareHome: (home) => {
    const folder = join(home, 'nats');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=700`, 'tandem-chaos', folder], {
        stdio: 'pipe',
      });
      mounted = true;
    } catch {
      mounted = false; // not root, or a container without the right to
      return () => undefined;
    }
    const guard = leash(`sleep 2; umount -l ${shellWord(folder)}; rm -rf ${shellWord(home)}`);
    return () => {
      execFileSync('umount', [folder]);
      void guard.release();
    };
  },
  inject: (stage, clients) => (mounted ? fillDisk(stage, clients) : fillStream(stage, clients)),
};

async function fillDisk(stage: Stage, clients: Clients): Promise<Injected> {
  const ballast = join(stage.tandem.home, 'nats', 'ballast');
  const at = Date.now();
  fill(ballast);
  await pause(FULL_MS);
  rmSync(ballast);
  if (await clients.areServed(BY_ITSELF_MS)) return { at, note: 'a tmpfs; it went on by itself' };
  const pid = stage.pidOf('nats-server');
  stage.signal('nats-server', 'SIGTERM');
  await stage.readyAgain('nats-server', pid);
  return { at, note: 'a tmpfs; with room again nats-server had to be started anew' };
}

/** Down to the last byte, also of the page that is half full. */
function fill(file: string): void {
  for (let bytes = BALLAST_BYTES; bytes >= 1;) {
    try {
      appendFileSync(file, Buffer.alloc(bytes));
    } catch {
      bytes = Math.floor(bytes / 4); // ENOSPC for so much; less may still fit
    }
  }
}

/** Without the right to mount a small disk: the stream's own bound, which JetStream answers in the same way. */
async function fillStream(stage: Stage, clients: Clients): Promise<Injected> {
  const at = stage.signal('usage-service', 'SIGSTOP');
  try {
    while (await clients.areServed(2_000)) await pause(1_000);
    await pause(FULL_MS);
  } finally {
    stage.signal('usage-service', 'SIGCONT');
  }
  return { at, note: 'no right to mount a small disk here, so the bound of the stream was reached instead' };
}
