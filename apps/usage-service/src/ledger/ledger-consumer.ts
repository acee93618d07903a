import { AckPolicy, jetstream, jetstreamManager, type ConsumerMessages } from '@nats-io/jetstream';
import { Bus } from '#common/bus';
import { ensureUsageStream } from '#common/usage-stream';
import { USAGE_CONSUMER, USAGE_STREAM, UsageSubjects } from '#contracts/usage';

/** What a killed usage-service had in hand comes again after this; a living one holds on to it (`MessageHand`). */
export const ACK_WAIT_MS = 10_000;
/** Messages in hand at once: the bound of the memory. Each is the events of one turn of a chat-service's event loop. */
const MAX_IN_HAND = 500;
const NANOS = 1_000_000;

/** Opens the durable consumer, making stream and consumer where they are missing. */
export async function openConsumer(bus: Bus, maxBytes: number): Promise<ConsumerMessages> {
  const manager = await jetstreamManager(bus.connection);
  await ensureUsageStream(manager, maxBytes);
  await manager.consumers.add(USAGE_STREAM, {
    durable_name: USAGE_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_MS * NANOS,
    filter_subject: UsageSubjects.events,
    max_ack_pending: MAX_IN_HAND,
    // For ever: the server would only stop delivering, silently. What is poison goes to the dead letters by our hand.
    max_deliver: -1,
  });
  const consumer = await jetstream(bus.connection).consumers.get(USAGE_STREAM, USAGE_CONSUMER);
  const messages = await consumer.consume({ max_messages: MAX_IN_HAND });
  void stopWhenGone(messages);
  return messages;
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
