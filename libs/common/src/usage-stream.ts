import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { USAGE_DEAD_STREAM, USAGE_STREAM, UsageSubjects } from '#contracts/usage';

/**
 * An event is some 500 bytes and a request has two: 1 GiB holds a million requests while Postgres is away. Past it the
 * stream refuses new events (and chat-service new requests) rather than forget old ones.
 */
export const USAGE_STREAM_BYTES = 1024 * 1024 * 1024;
const DEAD_STREAM_BYTES = 64 * 1024 * 1024;
/** A publisher may repeat an event, under the same message id, for so long. */
const DUPLICATE_WINDOW_NANOS = 10 * 60 * 1_000_000_000;

/** Of nats-server's errors.json. */
const STREAM_NOT_FOUND = 10059;
const STREAM_NAME_IN_USE = 10058;

/**
 * Makes the streams of the ledger where they are missing; whoever comes first does it. An event leaves its stream when it is
 * acknowledged. `maxBytes` also brings a stream that is there to this bound and number of replicas.
 */
export async function ensureUsageStream(manager: JetStreamManager, replicas = 1, maxBytes?: number): Promise<void> {
  await ensureStream(
    manager,
    {
      name: USAGE_STREAM,
      // Named one by one: a stream over `usage.v1.>` would answer the commands under that name as well.
      subjects: [UsageSubjects.events],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      duplicate_window: DUPLICATE_WINDOW_NANOS,
      num_replicas: replicas,
    },
    maxBytes ?? USAGE_STREAM_BYTES,
    maxBytes !== undefined,
  );
  await ensureStream(
    manager,
    {
      name: USAGE_DEAD_STREAM,
      subjects: [UsageSubjects.deadLetter],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      duplicate_window: DUPLICATE_WINDOW_NANOS,
      num_replicas: replicas,
    },
    DEAD_STREAM_BYTES,
    maxBytes !== undefined,
  );
}

interface StreamShape {
  name: string;
  subjects: string[];
  retention: RetentionPolicy;
  discard: DiscardPolicy;
  duplicate_window: number;
  num_replicas: number;
}

async function ensureStream(
  manager: JetStreamManager,
  shape: StreamShape,
  maxBytes: number,
  mayChange: boolean,
): Promise<void> {
  try {
    const { config } = await manager.streams.info(shape.name);
    const { num_replicas } = shape;
    if (mayChange && (config.max_bytes !== maxBytes || config.num_replicas !== num_replicas))
      await manager.streams.update(shape.name, { max_bytes: maxBytes, num_replicas });
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND)) throw error;
    await add(manager, shape, maxBytes);
  }
}

async function add(manager: JetStreamManager, shape: StreamShape, maxBytes: number): Promise<void> {
  try {
    await manager.streams.add({ ...shape, storage: StorageType.File, max_bytes: maxBytes });
  } catch (error) {
    // Another service made it in this moment.
    if (error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE) return;
    throw error;
  }
}
