import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Bus } from './bus';

/** The bucket of this name, made where it is missing: the last value of each key, on as many servers as are configured. */
export function openBucket(bus: Bus, name: string): Promise<KV> {
  return new Kvm(jetstream(bus.connection)).create(name, { history: 1, replicas: bus.jetstreamReplicas });
}
