import { type Clients, pause } from '../clients';
import type { Fault, Injected } from '../fault';
import { SmallDisk } from '../small-disk';
import type { Stage } from '../stage';

/** JetStream takes three quarters of a disk for itself: enough for the dead letters (64 MiB) and a small ledger stream. */
const disk = new SmallDisk(100);
const STREAM_BYTES = 4 * 1024 * 1024;
const FULL_MS = 15_000;
/** After it, an operator would start nats-server again. */
const BY_ITSELF_MS = 10_000;
/** For so long an engine works for a request whose start the ledger does not take (LEDGER_TIMEOUT_MS), and some room. */
const UNRECORDED_SECONDS = 8;

/** The disk of nats-server has no byte left for a while. */
export const NATS_DISK_FULL: Fault = {
  name: 'nats-disk-full',
  title: 'disk of nats-server full for 15 s',
  env: { USAGE_STREAM_MAX_BYTES: String(STREAM_BYTES) },
  spares: 'running',
  unseenSeconds: UNRECORDED_SECONDS,
  prepareHome: (home) => disk.mount(home, 'nats'),
  inject: (stage, clients) => (disk.mounted ? fillDisk(stage, clients) : fillStream(stage, clients)),
};

async function fillDisk(stage: Stage, clients: Clients): Promise<Injected> {
  const at = Date.now();
  disk.fill();
  await pause(FULL_MS);
  disk.makeRoom();
  if (await clients.areServed(BY_ITSELF_MS)) return { at, note: 'a tmpfs; it went on by itself' };
  const pid = stage.pidOf('nats-server');
  stage.signal('nats-server', 'SIGTERM');
  await stage.readyAgain('nats-server', pid);
  return { at, note: 'a tmpfs; with room again nats-server had to be started anew' };
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
