import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';

const RETRY_MS = 1_000;

/**
 * JSON documents in a JetStream bucket, newest version only. What is written while JetStream is away is written when it is
 * back, in the order of its keys.
 */
export class KeptDocuments {
  private readonly unsaved = new Map<string, string | null>();
  private bucket: KV | null = null;
  private writing: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly bus: Bus,
    private readonly name: string,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  end(): void {
    this.closed = true;
  }

  /** Everything that is kept, by key; waits for JetStream as long as it takes. */
  async read(): Promise<Map<string, unknown>> {
    for (;;) {
      try {
        return await this.readOnce();
      } catch (error) {
        if (this.closed) return new Map();
        this.logger.warn({ msg: 'what was kept cannot be read; trying again', bucket: this.name, err: error });
        this.bucket = null;
        await pause(RETRY_MS);
      }
    }
  }

  /** Resolves when it is kept. Nobody need wait for it. */
  put(key: string, document: unknown): Promise<void> {
    return this.set(key, JSON.stringify(document));
  }

  remove(key: string): Promise<void> {
    return this.set(key, null);
  }

  private set(key: string, text: string | null): Promise<void> {
    // The newest comes last, also among the keys.
    this.unsaved.delete(key);
    this.unsaved.set(key, text);
    this.writing ??= this.write().finally(() => (this.writing = null));
    return this.writing;
  }

  private async write(): Promise<void> {
    for (let next = this.first(); next !== null; next = this.first()) {
      const [key, text] = next;
      try {
        const bucket = this.bucket ?? (await this.open());
        await (text === null ? bucket.purge(key) : bucket.put(key, text));
        if (this.unsaved.get(key) === text) this.unsaved.delete(key);
      } catch (error) {
        if (this.closed) return;
        this.logger.warn({ msg: 'a change cannot be kept; trying again', bucket: this.name, err: error });
        this.bucket = null;
        await pause(RETRY_MS);
      }
    }
  }

  private first(): [string, string | null] | null {
    const [next] = this.unsaved;
    return next ?? null;
  }

  private async readOnce(): Promise<Map<string, unknown>> {
    const bucket = await this.open();
    const keys: string[] = [];
    for await (const key of await bucket.keys()) keys.push(key);
    const found = new Map<string, unknown>();
    for (const key of keys) {
      const entry = await bucket.get(key);
      if (entry !== null && entry.length > 0) found.set(key, entry.json());
    }
    return found;
  }

  private async open(): Promise<KV> {
    this.bucket = await new Kvm(jetstream(this.bus.connection)).create(this.name, { history: 1 });
    return this.bucket;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
