import type { Fault, Spared } from '../fault';
import type { ProcessName } from '../stage';

/** A long answer has a checkpoint every two seconds (CHECKPOINT_EVERY_MS); the rest is for a busy machine. */
const CHECKPOINT_SECONDS = 4;
/** A chat-service notices within 4 s that its gateway has gone, and the engine goes on until then. */
const GATEWAY_MISSED_SECONDS = 6;

function killed(process: ProcessName, spares: Spared, more: Partial<Fault> = {}): Fault {
  return {
    name: `kill-${process}`,
    title: `kill -9 of ${process}`,
    spares,
    ...more,
    inject: async (stage) => {
      const pid = stage.pidOf(process);
      const at = stage.signal(process, 'SIGKILL');
      await stage.readyAgain(process, pid);
      // It is of use when the services have found it again.
      if (process === 'nats-server' || process === 'postgres') await stage.whole();
      return { at, readyAgainMs: Date.now() - at };
    },
  };
}

/** kill -9 of each process of ./start; its supervisor starts it again. */
export const KILLED: readonly Fault[] = [
  killed('chat-service', 'other-chat-services', {
    twins: ['chat-service', 'api-gateway'],
    checkpointSeconds: CHECKPOINT_SECONDS,
  }),
  killed('usage-service', 'all'),
  killed('api-gateway', 'other-gateways', {
    twins: ['chat-service', 'api-gateway'],
    unseenSeconds: GATEWAY_MISSED_SECONDS,
  }),
  killed('model-manager', 'all'),
  killed('nats-server', 'none'),
  killed('postgres', 'all'),
];
