import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV, type KvEntry } from '@nats-io/kv';
import type { Bus } from './bus';

/** The bucket of this name, made where it is missing: the last value of each key, on as many servers as are configured. */
export function openBucket(bus: Bus, name: string): Promise<KV> {
  return new Kvm(jetstream(bus.connection)).create(name, { history: 1, replicas: bus.jetstreamReplicas });
}

/** Everything that a bucket holds now. */
export async function entriesOf(bucket: KV): Promise<KvEntry[]> {
  const keys: string[] = [];
  for await (const key of await bucket.keys()) keys.push(key);
  const entries: KvEntry[] = [];
  for (const key of keys) {
    const entry = await bucket.get(key);
    if (entry?.operation === 'PUT') entries.push(entry);
  }
  return entries;
}
