import type { KV } from '@nats-io/kv';
import { entriesOf, openBucket } from '#common/bucket';
import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';

const RETRY_MS = 1_000;

/**
 * JSON documents in a JetStream bucket, newest version only: model-manager has no database, and what NATS keeps outlives
 * its host's disk. What is written while JetStream is away is written when it is back, in the order of its changes.
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
        await this.pause('what was kept cannot be read; trying again', error);
        if (this.closed) return new Map();
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
        await this.pause('a change cannot be kept; trying again', error);
        if (this.closed) return;
      }
    }
  }

  private first(): [string, string | null] | null {
    const [next] = this.unsaved;
    return next ?? null;
  }

  private async readOnce(): Promise<Map<string, unknown>> {
    const bucket = await this.open();
    const found = new Map<string, unknown>();
    for (const entry of await entriesOf(bucket)) {
      const document = documentIn(entry.string());
      if (document !== undefined) found.set(entry.key, document);
    }
    return found;
  }

  /** At the end of the service the connection is closed under it: that is no news. */
  private async pause(msg: string, error: unknown): Promise<void> {
    if (this.closed) return;
    this.logger.warn({ msg, bucket: this.name, err: error });
    this.bucket = null;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
  }

  private async open(): Promise<KV> {
    this.bucket = await openBucket(this.bus, this.name);
    return this.bucket;
  }
}

/** Undefined for what is no JSON: trying again would not mend it. */
function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
