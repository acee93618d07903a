import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';
import { z } from 'zod';
import { RecordBucket } from '../storage/record-bucket';

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

/** Measured boots in a JetStream bucket. */
export class BootStore {
  private readonly bucket: RecordBucket<StoredBoot>;

  constructor(bus: Bus, logger: Pick<Logger, 'warn'>) {
    this.bucket = new RecordBucket(
      bus,
      {
        bucket: 'models-boots',
        keyOf: ({ host, profile, engine, vllmVersion }) => [host, profile, String(engine), vllmVersion],
        // Of another version: it is measured again at the next boot.
        parse: (document) => storedBootSchema.safeParse(document).data ?? null,
      },
      logger,
    );
  }

  begin(): void {
    void this.bucket.begin();
  }

  end(): void {
    this.bucket.end();
  }

  /** Newest first. */
  of(host: string, profile: string, engine: number): StoredBoot[] {
    return this.bucket
      .values()
      .filter((boot) => boot.host === host && boot.profile === profile && boot.engine === engine)
      .sort((one, other) => other.measuredAt - one.measuredAt);
  }

  save(boot: StoredBoot): void {
    this.bucket.save(boot);
  }
}
