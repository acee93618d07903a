import type { KV } from '@nats-io/kv';
import type { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { entriesOf, openBucket } from '#common/bucket';
import type { Bus } from '#common/bus';

const RETRY_MS = 1_000;

/**
 * Settings that every chat-service knows: texts in a JetStream bucket, all of them in memory, and a change is heard by all
 * at once. They are there while Postgres is away.
 */
export class WatchedBucket {
  private bucket: KV | null = null;
  private readonly revisions = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private stopWatch: (() => void) | null = null;
  private closed = false;
  private known = false;

  /** @param onChange hears of each text once, and of `null` for one that is gone. */
  constructor(
    private readonly bus: Bus,
    private readonly name: string,
    private readonly onChange: (key: string, text: string | null) => void,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  begin(): void {
    void this.follow();
  }

  end(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopWatch?.();
  }

  /** Everything that is stored has been read. */
  get ready(): boolean {
    return this.known;
  }

  /** @throws CodedError `service_unavailable` when it could not be stored. */
  async put(key: string, text: string): Promise<void> {
    const revision = await this.write((bucket) => bucket.put(key, text));
    this.take(key, revision, text);
  }

  /** @throws CodedError `service_unavailable` */
  async remove(key: string): Promise<void> {
    await this.write((bucket) => bucket.delete(key));
    this.onChange(key, null);
  }

  private async write<T>(act: (bucket: KV) => Promise<T>): Promise<T> {
    try {
      if (this.bucket === null) throw new Error('JetStream is not there yet');
      return await act(this.bucket);
    } catch (error) {
      throw new CodedError('service_unavailable', 'Settings cannot be stored at the moment. Try again in a moment.', {
        cause: error,
      });
    }
  }

  private async follow(): Promise<void> {
    try {
      const bucket = await openBucket(this.bus, this.name);
      this.bucket = bucket;
      const watch = await bucket.watch();
      this.stopWatch = () => watch.stop();
      for (const entry of await entriesOf(bucket)) this.take(entry.key, entry.revision, entry.string());
      this.known = true;
      for await (const entry of watch)
        this.take(entry.key, entry.revision, entry.operation === 'PUT' ? entry.string() : null);
      if (!this.closed) this.again(new Error('the watch ended'));
    } catch (error) {
      if (!this.closed) this.again(error);
    }
  }

  private again(error: unknown): void {
    this.logger.warn({ msg: 'settings cannot be read; trying again', bucket: this.name, err: error });
    this.timer = setTimeout(() => void this.follow(), RETRY_MS);
  }

  private take(key: string, revision: number, text: string | null): void {
    if (revision <= (this.revisions.get(key) ?? 0)) return;
    this.revisions.set(key, revision);
    this.onChange(key, text);
  }
}
