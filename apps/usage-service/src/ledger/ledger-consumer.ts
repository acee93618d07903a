import {
  AckPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type ConsumerMessages,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { Bus } from '#common/bus';
import { ensureUsageStream } from '#common/usage-stream';
import { USAGE_CONSUMER, USAGE_STREAM, UsageSubjects } from '#contracts/usage';

/** What a killed usage-service had in hand comes again after this; a living one holds on to it (`MessageHand`). */
export const ACK_WAIT_MS = 10_000;
/**
 * Messages in hand at once: the bound of the memory. Each is what a chat-service gathered, one event or, under load, a
 * hundred (40 kB). One batch is written meanwhile, the next one opened.
 */
const MAX_IN_HAND = 200;
const NANOS = 1_000_000;

/** Opens the durable consumer, making stream and consumer where they are missing. */
export async function openConsumer(bus: Bus, maxBytes: number): Promise<ConsumerMessages> {
  const manager = await jetstreamManager(bus.connection);
  await ensureUsageStream(manager, bus.jetstreamReplicas, maxBytes);
  await ensureConsumer(manager);
  const consumer = await jetstream(bus.connection).consumers.get(USAGE_STREAM, USAGE_CONSUMER);
  const messages = await consumer.consume({ max_messages: MAX_IN_HAND });
  void stopWhenGone(messages);
  return messages;
}

/** Of an older version, it is brought up to date: `add` takes no other settings for a consumer that is there. */
async function ensureConsumer(manager: JetStreamManager): Promise<void> {
  const bounds = { ack_wait: ACK_WAIT_MS * NANOS, max_ack_pending: MAX_IN_HAND };
  try {
    await manager.consumers.update(USAGE_STREAM, USAGE_CONSUMER, bounds);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    await manager.consumers.add(USAGE_STREAM, {
      ...bounds,
      durable_name: USAGE_CONSUMER,
      ack_policy: AckPolicy.Explicit,
      filter_subject: UsageSubjects.events,
      // For ever: the server would only stop delivering, silently. What is poison goes to the dead letters by our hand.
      max_deliver: -1,
    });
  }
}

/** Messages that wait in the stream or are in somebody's hand. */
export async function lagOf(bus: Bus): Promise<number> {
  const manager = await jetstreamManager(bus.connection);
  const info = await manager.consumers.info(USAGE_STREAM, USAGE_CONSUMER);
  return info.num_pending + info.num_ack_pending;
}

/** A stream that was deleted (a wiped store) will not come back by itself: the end of the messages makes us open anew. */
async function stopWhenGone(messages: ConsumerMessages): Promise<void> {
  for await (const status of messages.status())
    if (/^(consumer_not_found|stream_not_found|consumer_deleted)$/.test(status.type)) messages.stop();
}
