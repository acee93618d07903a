import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { USAGE_STREAM, UsageSubjects, type UsageBatch, type UsageEvent } from '#contracts/usage';
import { pause } from '../clients';
import type { Fault } from '../fault';

const GATHER_MS = 6_000;

/**
 * While usage-service is dead, everything that waits for it is taken out of the stream and put back in the worst order:
 * each event alone and twice, ends before their starts, without the ids by which JetStream would know a repetition.
 */
export const REWRITTEN_STREAM: Fault = {
  name: 'duplicates',
  title: 'every event delivered twice, in the opposite order',
  spares: 'all',
  inject: async (stage) => {
    const pid = stage.pidOf('usage-service');
    const release = stage.holdSupervisor();
    const connection = await stage.nats();
    try {
      const at = stage.signal('usage-service', 'SIGKILL');
      await pause(GATHER_MS);
      const manager = await jetstreamManager(connection);
      const { first_seq: first, last_seq: last } = (await manager.streams.info(USAGE_STREAM)).state;
      const events: UsageEvent[] = [];
      for (let seq = first; seq <= last; seq++) {
        const message = await manager.streams.getMessage(USAGE_STREAM, { seq });
        if (message !== null) events.push(...message.json<UsageBatch>().events);
        await manager.streams.deleteMessage(USAGE_STREAM, seq);
      }
      const stream = jetstream(connection);
      for (const event of events.reverse())
        for (let copy = 0; copy < 2; copy++)
          await stream.publish(UsageSubjects.events, JSON.stringify({ events: [event] }));
      release();
      return {
        at,
        readyAgainMs: (await stage.readyAgain('usage-service', pid)) - at,
        note: `${events.length} events; ready again: with ${GATHER_MS / 1_000} s away`,
      };
    } finally {
      release();
      await connection.close();
    }
  },
};
