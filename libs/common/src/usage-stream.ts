import { DiscardPolicy, RetentionPolicy, StorageType, type JetStreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { USAGE_STREAM, UsageSubjects } from '#contracts/usage';

/** Longer than any publisher repeats a message: chat-service stops at its drain limit, usage-service acks within seconds. */
const DUPLICATE_WINDOW_MS = 10 * 60 * 1_000;
/** About ten million events. When it is full new requests are refused (`discard: new`), nothing that was acked is lost. */
const MAX_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Makes the ledger's stream, or brings an older one to these settings. Whoever comes first calls it. Messages stay
 * until the ledger has them: a work queue.
 */
export async function ensureUsageStream(manager: JetStreamManager): Promise<void> {
  const settings = {
    subjects: [UsageSubjects.events],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: MAX_BYTES,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  };
  try {
    await manager.streams.add({ name: USAGE_STREAM, ...settings });
  } catch (error) {
    // The name is taken: by an instance that was faster, or by an older version with other settings.
    const exists = await manager.streams.info(USAGE_STREAM).catch(() => null);
    if (exists === null) throw error;
    await manager.streams.update(USAGE_STREAM, settings);
  }
}
