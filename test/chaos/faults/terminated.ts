import type { Fault, Spared } from '../fault';
import type { ProcessName } from '../stage';

function terminated(process: ProcessName, spares: Spared, more: Partial<Fault> = {}): Fault {
  return {
    name: `term-${process}`,
    title: `SIGTERM of ${process}`,
    spares,
    ...more,
    inject: async (stage) => {
      const pid = stage.pidOf(process);
      const at = stage.signal(process, 'SIGTERM');
      await stage.readyAgain(process, pid);
      await stage.whole();
      return { at, readyAgainMs: Date.now() - at, note: 'ready again: with its drain' };
    },
  };
}

/** Postgres waits at SIGTERM until its clients have gone, and lets no new ones in: an operator must know of SIGINT. */
const postgres: Fault = {
  name: 'term-postgres',
  title: 'SIGTERM of postgres',
  spares: 'all',
  inject: async (stage) => {
    const pid = stage.pidOf('postgres');
    const at = stage.signal('postgres', 'SIGTERM');
    const left = await stage.readyAgain('postgres', pid, 10_000).catch(() => null);
    if (left !== null) return { at, readyAgainMs: left - at };
    stage.signal('postgres', 'SIGINT');
    return {
      at,
      readyAgainMs: (await stage.readyAgain('postgres', pid)) - at,
      note: 'it waited for its clients to leave, SIGINT after 10 s',
    };
  },
};

/** SIGTERM of each process of ./start: what runs comes to its end. */
export const TERMINATED: readonly Fault[] = [
  terminated('chat-service', 'all', { twins: ['chat-service', 'api-gateway'] }),
  terminated('usage-service', 'all'),
  terminated('api-gateway', 'running', { twins: ['chat-service', 'api-gateway'] }),
  terminated('nats-server', 'none'),
  postgres,
];
