import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';
import { z } from 'zod';

/** One engine's last boot with one version on one host. */
export const storedBootSchema = z.object({
  host: z.string(),
  profile: z.string(),
  engine: z.int(),
  /** Of the settings that decide what a boot takes. */
  fingerprint: z.string(),
  vllmVersion: z.string(),
  measuredAt: z.number(),
  boots: z.int(),
  weightsBytes: z.number(),
  kvCacheBytes: z.number(),
  restBytes: z.number(),
  cudaGraphBytes: z.number(),
  kvCacheTokens: z.number(),
  maxModelLen: z.number(),
  coldCompile: z.boolean(),
  /** What the check had said without calibration, against what was seen, in percent. */
  errorPercent: z.number(),
});

export type StoredBoot = z.output<typeof storedBootSchema>;

const BUCKET = 'models-boots';
const RETRY_MS = 2_000;

/**
 * Measured boots in a JetStream bucket: a few hundred small records that model-manager needs at once after its start, and
 * that outlive the host's disk where NATS does. It has no database of its own otherwise.
 */
export class BootStore {
  private readonly boots = new Map<string, StoredBoot>();
  private readonly unsaved = new Map<string, StoredBoot>();
  private bucket: KV | null = null;
  private timer: NodeJS.Timeout | undefined;
  private working = false;
  private closed = false;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  begin(): void {
    void this.work();
  }

  end(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** Newest first. */
  of(host: string, profile: string, engine: number): StoredBoot[] {
    return [...this.boots.values()]
      .filter((boot) => boot.host === host && boot.profile === profile && boot.engine === engine)
      .sort((one, other) => other.measuredAt - one.measuredAt);
  }

  save(boot: StoredBoot): void {
    const key = keyOf(boot);
    this.boots.set(key, boot);
    this.unsaved.set(key, boot);
    void this.work();
  }

  /** At the end of the service the connection is closed under it: that is no news. */
  private warn(error: unknown): void {
    if (!this.closed) this.logger.warn({ msg: 'measured boots cannot be stored; trying again', err: error });
  }

  /** Reads what is stored, once, and writes what is not; JetStream may be away, then it is tried again. */
  private async work(): Promise<void> {
    if (this.working || this.closed) return;
    this.working = true;
    try {
      const bucket = this.bucket ?? (await this.open());
      while (this.unsaved.size > 0)
        for (const [key, boot] of [...this.unsaved]) {
          await bucket.put(key, JSON.stringify(boot));
          if (this.unsaved.get(key) === boot) this.unsaved.delete(key);
        }
    } catch (error) {
      this.warn(error);
      this.bucket = null;
      this.timer = setTimeout(() => void this.work(), RETRY_MS);
      this.timer.unref();
    } finally {
      this.working = false;
    }
  }

  private async open(): Promise<KV> {
    const bucket = await new Kvm(jetstream(this.bus.connection)).create(BUCKET, { history: 1 });
    const keys: string[] = [];
    for await (const key of await bucket.keys()) keys.push(key);
    for (const key of keys) {
      const entry = await bucket.get(key);
      const boot = entry === null ? null : parse(entry.string());
      if (boot !== null && !this.unsaved.has(key)) this.boots.set(key, boot);
    }
    this.bucket = bucket;
    return bucket;
  }
}

/** Characters that a key of JetStream may have. */
function keyOf({ host, profile, engine, vllmVersion }: StoredBoot): string {
  return [host, profile, String(engine), vllmVersion].map((part) => part.replace(/[^A-Za-z0-9_=-]/g, '_')).join('.');
}

function parse(text: string): StoredBoot | null {
  try {
    return storedBootSchema.parse(JSON.parse(text));
  } catch {
    return null; // of another version: it is measured again at the next boot
  }
}
