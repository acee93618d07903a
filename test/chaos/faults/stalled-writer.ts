import { pause } from '../clients';
import type { Fault } from '../fault';

/** Longer than JetStream waits for an acknowledgement (10 s): everything in hand is delivered to the other one. */
const STALLED_MS = 15_000;

/**
 * One of two usage-services stands still with its hands full (a paused virtual machine, a long stop of a debugger) and
 * wakes up when the other one has long written newer states of the same requests.
 */
export const STALLED_WRITER: Fault = {
  name: 'stalled-writer',
  title: 'a usage-service stands still for 15 s, another takes over its deliveries',
  twins: ['usage-service'],
  spares: 'all',
  inject: async (stage) => {
    const at = stage.signal('usage-service', 'SIGSTOP');
    try {
      await pause(STALLED_MS);
    } finally {
      stage.signal('usage-service', 'SIGCONT');
    }
    return { at };
  },
};
