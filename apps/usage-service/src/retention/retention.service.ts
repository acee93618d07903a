import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { DataSource } from 'typeorm';
import { monthOf, MonthPartitions, monthsAfter, type Month } from '../ledger/month-partitions';
import { DayRollups } from './day-rollups';
import { RemovedUsers } from './removed-users';

const FIRST_AFTER_MS = 5_000;
const EVERY_MS = 10 * 60_000;
/** This month and two more: a service that is away over the turn of a month finds its partition. */
const MONTHS_AHEAD = 2;
const DAY_MS = 86_400_000;

/** Keeps the ledger in shape: partitions ahead of time, days that are over rolled up, old months dropped. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly months: MonthPartitions,
    private readonly rollups: DayRollups,
    private readonly removedUsers: RemovedUsers,
    private readonly retentionDays: number,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule(FIRST_AFTER_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.working;
  }

  /** One round of it. What cannot be done now is done in a later one. */
  async keep(): Promise<void> {
    const times = await this.times();
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++)
      await this.months.ensureMonth(monthsAfter(monthOf(times.now), ahead));
    for (const month of await this.partitions()) {
      await this.sealDays(month);
      if (this.isOver(month, times)) await this.drop(month);
    }
    await this.removedUsers.catchUp();
  }

  private schedule(afterMs: number): void {
    this.timer = setTimeout(() => {
      this.working = this.keep()
        .catch((error: unknown) =>
          this.logger.warn({
            msg: 'partitions, rollups or retention of the ledger could not be kept; rows are still written, and it is tried again later',
            err: error,
          }),
        )
        .finally(() => {
          if (!this.stopping) this.schedule(EVERY_MS);
        });
    }, afterMs);
  }

  private async sealDays(month: Month): Promise<void> {
    for (const day of await this.rollups.unsealedDays(month)) {
      if (this.stopping) return;
      await this.rollups.seal(day);
    }
  }

  private isOver(month: Month, { now, newest }: { now: number; newest: number }): boolean {
    if (this.retentionDays === 0) return false;
    // A clock that runs years ahead must not cost the ledger: rows are old beside the newest one, not beside a clock alone.
    const reference = Math.min(now, newest + DAY_MS);
    return Date.parse(`${monthsAfter(month, 1)}-01T00:00:00Z`) + this.retentionDays * DAY_MS <= reference;
  }

  private async drop(month: Month): Promise<void> {
    const reason = await this.rollups.drop(month);
    this.months.forget();
    if (reason === null) this.logger.log({ msg: 'dropped the rows of a month; its rollups stay', month });
    else this.logger.warn({ msg: `a month that is past its retention could not be dropped: ${reason}`, month });
  }

  /** Postgres' clock, which all usage-services share, and the newest row, epoch milliseconds. */
  private async times(): Promise<{ now: number; newest: number }> {
    const [times] = await this.database.query<{ now: Date; newest: Date | null }[]>(
      'SELECT now() AS now, (SELECT max(created_at) FROM usage.requests) AS newest',
    );
    if (times === undefined) throw new Error('a SELECT without FROM has one row');
    return { now: times.now.getTime(), newest: (times.newest ?? times.now).getTime() };
  }

  /** Oldest first. */
  private async partitions(): Promise<Month[]> {
    const found = await this.database.query<{ name: string }[]>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = 'usage.requests'::regclass ORDER BY relname`,
    );
    return found.map(({ name }) => name.slice('requests_'.length).replace('_', '-'));
  }
}
