import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';

const RETRY_MS = 2_000;

export interface RecordKind<T> {
  bucket: string;
  /** For the log: "measured boots". */
  what: string;
  /** Its parts may hold any character. */
  keyOf(record: T): readonly string[];
  /** Null for what is no such record: one of another version. */
  parse(text: string): T | null;
}

/**
 * Small records in a JetStream bucket, all of them in memory: a few hundred that are needed at once after a start, and that
 * outlive the host's disk where NATS does (model-manager has no database). JetStream may be away; what is not stored yet
 * is tried again.
 */
export class RecordBucket<T> {
  private readonly records = new Map<string, T>();
  /** Not written yet; null: to be removed. */
  private readonly unsaved = new Map<string, T | null>();
  private bucket: KV | null = null;
  private timer: NodeJS.Timeout | undefined;
  private working = false;
  private closed = false;

  constructor(
    private readonly bus: Bus,
    private readonly kind: RecordKind<T>,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  begin(): void {
    void this.work();
  }

  end(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  values(): T[] {
    return [...this.records.values()];
  }

  save(record: T): void {
    const key = this.keyOf(record);
    this.records.set(key, record);
    this.unsaved.set(key, record);
    void this.work();
  }

  remove(record: T): void {
    const key = this.keyOf(record);
    this.records.delete(key);
    this.unsaved.set(key, null);
    void this.work();
  }

  /** Reads what is stored, once, and writes what is not. */
  private async work(): Promise<void> {
    if (this.working || this.closed) return;
    this.working = true;
    try {
      const bucket = this.bucket ?? (await this.open());
      while (this.unsaved.size > 0)
        for (const [key, record] of [...this.unsaved]) await this.write(bucket, key, record);
    } catch (error) {
      this.warn(error);
      this.bucket = null;
      this.timer = setTimeout(() => void this.work(), RETRY_MS);
      this.timer.unref();
    } finally {
      this.working = false;
    }
  }

  private async write(bucket: KV, key: string, record: T | null): Promise<void> {
    if (record === null) await bucket.purge(key);
    else await bucket.put(key, JSON.stringify(record));
    if (this.unsaved.get(key) === record) this.unsaved.delete(key);
  }

  private async open(): Promise<KV> {
    const bucket = await new Kvm(jetstream(this.bus.connection)).create(this.kind.bucket, { history: 1 });
    const keys: string[] = [];
    for await (const key of await bucket.keys()) keys.push(key);
    for (const key of keys) {
      const entry = await bucket.get(key);
      const record = entry?.operation === 'PUT' ? this.kind.parse(entry.string()) : null;
      if (record !== null && !this.unsaved.has(key)) this.records.set(key, record);
    }
    this.bucket = bucket;
    return bucket;
  }

  /** At the end of the service the connection is closed under it: that is no news. */
  private warn(error: unknown): void {
    if (!this.closed) this.logger.warn({ msg: `${this.kind.what} cannot be stored; trying again`, err: error });
  }

  /** Of characters that a key of JetStream may have. */
  private keyOf(record: T): string {
    return this.kind
      .keyOf(record)
      .map((part) => part.replace(/[^A-Za-z0-9_=-]/g, '_'))
      .join('.');
  }
}
