import { pause } from '../clients';
import type { Fault } from '../fault';

const AWAY_MS = 60_000;

/** kill -9, and nobody starts it again for a minute: keys that were used before go on, the stream holds the events. */
export const POSTGRES_AWAY: Fault = {
  name: 'postgres-away',
  title: 'Postgres away for a minute',
  spares: 'all',
  inject: async (stage) => {
    const pid = stage.pidOf('postgres');
    const release = stage.holdSupervisor();
    try {
      const at = stage.signal('postgres', 'SIGKILL');
      await pause(AWAY_MS);
      const back = Date.now();
      release();
      return { at, readyAgainMs: (await stage.readyAgain('postgres', pid)) - back };
    } finally {
      release();
    }
  },
};
