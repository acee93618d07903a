import { pause } from '../clients';
import type { Fault } from '../fault';
import { SmallDisk } from '../small-disk';

/** An empty cluster with its first write-ahead log takes some 60 MiB. */
const disk = new SmallDisk(160);
const FULL_MS = 15_000;

/** The disk of Postgres has no byte left for a while: who is known goes on, the stream holds the events. */
export const POSTGRES_DISK_FULL: Fault = {
  name: 'postgres-disk-full',
  title: 'disk of Postgres full for 15 s',
  spares: 'all',
  prepareHome: (home) => disk.mount(home, 'postgres'),
  inject: async (stage) => {
    if (!disk.mounted) throw new Error('no right to mount a small disk here');
    const pid = stage.pidOf('postgres');
    const at = Date.now();
    disk.fill();
    await pause(FULL_MS);
    disk.makeRoom();
    const room = Date.now();
    await stage.whole();
    const ended = pid !== stage.pidOf('postgres');
    return {
      at,
      readyAgainMs: Date.now() - room,
      note: `ready again: with room; Postgres ${ended ? 'had ended itself' : 'had gone on'}`,
    };
  },
};
