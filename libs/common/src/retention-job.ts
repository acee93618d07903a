import type { LoggerService } from '@nestjs/common';
import { counter } from './metrics';

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;

export interface RetentionRule {
  /** What is deleted, for the log and the metric: `conversations`. */
  what: string;
  /** How long it is kept; 0 keeps it for ever. */
  days: number;
  /** Deletes what is older than the instant; resolves to how many that were. Safe to run in several instances at once. */
  deleteBefore: (limit: Date) => Promise<number>;
}

/** Deletes at the start and then every hour what is older than a rule allows, and says what it did. */
export class RetentionJob {
  private readonly deleted = counter('tandem_retention_deleted_total', 'Rows deleted for their age', ['what']);
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly rule: RetentionRule,
    private readonly logger: Pick<LoggerService, 'log' | 'error'>,
  ) {}

  start(): void {
    if (this.rule.days === 0) return;
    void this.run();
    this.timer = setInterval(() => void this.run(), HOUR_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** One pass. A failure is logged, and the next hour's pass makes up for it. */
  async run(): Promise<void> {
    const { what, days, deleteBefore } = this.rule;
    const limit = new Date(Date.now() - days * DAY_MS);
    try {
      const deleted = await deleteBefore(limit);
      this.deleted.inc({ what }, deleted);
      if (deleted > 0) this.logger.log({ msg: `retention: deleted ${what} older than ${days} days`, deleted, limit });
    } catch (error) {
      this.logger.error({ msg: `retention: ${what} could not be deleted; tried again in an hour`, err: error });
    }
  }
}
