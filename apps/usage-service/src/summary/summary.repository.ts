import {
  MAX_SUMMARY_ITEMS,
  type Percentiles,
  type UsageFigures,
  type UsageSummary,
  type UsageSummaryItem,
  type UsageSummaryQuery,
} from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import { ReportDatabase } from '../reports/report-database';
import { bucketCounts, PERCENTILE_ERROR, percentileMs } from './duration-histogram';
import { emailsStatement, rollupStatement, rowsStatement } from './summary-sql';

interface Sums {
  group: string | null;
  isTotal: boolean;
  requests: number | string;
  errors: number | string | null;
  inputTokens: number | string | null;
  cachedTokens: number | string | null;
  outputTokens: number | string | null;
  reasoningTokens: number | string | null;
}
type FromRows = Sums & { latencyMs: (number | null)[] | null; ttftMs: (number | null)[] | null };
type FromRollup = Sums & { latencyHistogram: string | null; ttftHistogram: string | null };

type Line = UsageFigures & { group: string | null; isTotal: boolean };

/** Sums of the ledger. */
@Injectable()
export class SummaryRepository {
  constructor(private readonly database: ReportDatabase) {}

  /** From the rows of the range, with exact percentiles. Costs by the number of rows. */
  async fromRows(query: UsageSummaryQuery): Promise<UsageSummary> {
    const { sql, values } = rowsStatement(query);
    const found = await this.database.query<FromRows>(sql, values);
    const lines = found.map((row) => ({
      ...figures(row),
      latencyMs: pair(row.latencyMs),
      ttftMs: pair(row.ttftMs),
    }));
    return this.summary(query, lines, 0);
  }

  /** From the rollup as far as it goes. Costs by the number of days, users, keys and models. */
  async fromRollup(query: UsageSummaryQuery): Promise<UsageSummary> {
    const { sql, values } = rollupStatement(query);
    const found = await this.database.query<FromRollup>(sql, values);
    const lines = found.map((row) => ({
      ...figures(row),
      latencyMs: percentiles(row.latencyHistogram),
      ttftMs: percentiles(row.ttftHistogram),
    }));
    return this.summary(query, lines, PERCENTILE_ERROR);
  }

  private async summary(query: UsageSummaryQuery, lines: Line[], percentileError: number): Promise<UsageSummary> {
    const groups = lines.filter(({ isTotal }) => !isTotal);
    groups.sort(query.groupBy === 'day' ? byDay : byRequests);
    const listed = groups.slice(0, MAX_SUMMARY_ITEMS).map(({ isTotal: _isTotal, ...item }) => item);
    const { group: _group, isTotal: _isTotal, ...total } = lines.find(({ isTotal }) => isTotal) ?? NOTHING;
    return {
      items: query.groupBy === 'user' ? await this.withEmails(query, listed) : listed,
      groups: groups.length,
      total,
      percentileError,
    };
  }

  private async withEmails(query: UsageSummaryQuery, items: UsageSummaryItem[]): Promise<UsageSummaryItem[]> {
    const users = items.flatMap(({ group }) => (group === null ? [] : [group]));
    const { sql, values } = emailsStatement(users, query);
    const found = await this.database.query<{ id: string; email: string }>(sql, values);
    const emails = new Map(found.map(({ id, email }) => [id, email]));
    return items.map((item) => ({ ...item, userEmail: emails.get(item.group ?? '') ?? null }));
  }
}

const NONE: Percentiles = { p50: null, p95: null };
const NOTHING: Line = {
  group: null,
  isTotal: true,
  requests: 0,
  errors: 0,
  errorRate: 0,
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  latencyMs: NONE,
  ttftMs: NONE,
};

/** Sums of bigint are numeric in Postgres and text in JavaScript; these fit into a number. */
function figures(row: Sums): Omit<Line, 'latencyMs' | 'ttftMs'> {
  const [requests, errors] = [Number(row.requests), Number(row.errors ?? 0)];
  return {
    group: row.group,
    isTotal: row.isTotal,
    requests,
    errors,
    errorRate: requests === 0 ? 0 : errors / requests,
    inputTokens: Number(row.inputTokens ?? 0),
    cachedTokens: Number(row.cachedTokens ?? 0),
    outputTokens: Number(row.outputTokens ?? 0),
    reasoningTokens: Number(row.reasoningTokens ?? 0),
  };
}

function percentiles(histogram: string | null): Percentiles {
  const counts = bucketCounts(histogram);
  return { p50: percentileMs(counts, 0.5), p95: percentileMs(counts, 0.95) };
}

function pair(values: (number | null)[] | null): Percentiles {
  return values === null ? NONE : { p50: values[0] ?? null, p95: values[1] ?? null };
}

function byDay(one: Line, other: Line): number {
  return (one.group ?? '').localeCompare(other.group ?? '');
}

function byRequests(one: Line, other: Line): number {
  return other.requests - one.requests || byDay(one, other);
}
