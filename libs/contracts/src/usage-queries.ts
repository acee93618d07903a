/** Reading the ledger: request/reply with usage-service. */
import type { CountMethod, Endpoint, Outcome } from './usage';

export const UsageQuerySubjects = {
  requests: 'usage.v1.requests',
  summary: 'usage.v1.summary',
  exportNext: 'usage.v1.export.next',
  /** Not through Nest: the answer is bytes, see `ExportPage`. */
  exportPage: 'usage.v1.export.page',
  spent: 'usage.v1.spent',
} as const;

/** Which requests a query is about. Null: no matter. */
export interface UsageFilter {
  /** Whose rows may be read at all: the caller's own id; null for an admin. */
  ownerId: string | null;
  /** Admitted at this time or later. ISO 8601 in UTC. */
  from: string | null;
  /** Admitted before this time. ISO 8601 in UTC. */
  to: string | null;
  user: string | null;
  key: string | null;
  model: string | null;
  outcome: Outcome | null;
}

export interface UsageRequestsQuery extends UsageFilter {
  /** `nextCursor` of the page before; null for the first. */
  cursor: string | null;
  /** Rows a page, 1 to 200. */
  limit: number;
}

/** How many tokens, of prompts and answers, a user or a key has used since a time. */
export interface UsageSpentQuery {
  by: 'user' | 'key';
  id: string;
  /** ISO 8601 in UTC. */
  from: string;
}

export interface UsageSpent {
  tokens: number;
}

/** One request. What is not known yet, while it runs, is null. The names are the CSV's columns in camelCase. */
export interface UsageRow {
  requestId: string;
  /** ISO 8601. */
  createdAt: string;
  userId: string;
  userEmail: string;
  keyId: string | null;
  endpoint: Endpoint;
  model: string;
  profile: string | null;
  ctxLen: number | null;
  inputTokens: number | null;
  cachedTokens: number | null;
  outputTokens: number | null;
  reasoningTokens: number | null;
  queueMs: number | null;
  ttftMs: number | null;
  latencyMs: number | null;
  statusCode: number | null;
  outcome: Outcome | null;
  countMethod: CountMethod | null;
  errorCode: string | null;
  stream: boolean;
}

/** Newest first. */
export interface UsageRequestsPage {
  items: UsageRow[];
  nextCursor: string | null;
}

/** What a summary has a line for each of. Days are of UTC. */
export const USAGE_GROUPS = ['user', 'key', 'model', 'day'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Most lines of a summary. */
export const MAX_SUMMARY_ITEMS = 1_000;

export interface UsageSummaryQuery extends UsageFilter {
  groupBy: UsageGroup;
}

/** Milliseconds; null when no request has the figure. */
export interface Percentiles {
  p50: number | null;
  p95: number | null;
}

/** Sums over requests that ended. */
export interface UsageFigures {
  requests: number;
  /** Of these, the ones that neither completed nor were cancelled by their client. */
  errors: number;
  /** errors / requests; 0 when there are none. */
  errorRate: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  latencyMs: Percentiles;
  ttftMs: Percentiles;
}

export interface UsageSummaryItem extends UsageFigures {
  /** User id, key id (null: signed in with a password), model, or day as YYYY-MM-DD. */
  group: string | null;
  /** Grouped by user: the address in the newest row; null when there is none any more. */
  userEmail?: string | null;
}

export interface UsageSummary {
  /** Days in their order, else those with the most requests first; at most `MAX_SUMMARY_ITEMS`. */
  items: UsageSummaryItem[];
  /** How many there are, also of those that are not listed. */
  groups: number;
  /** Over all of them. */
  total: UsageFigures;
  /** How far a percentile may be from the exact one, relatively: 0 for short ranges, which are read from the rows. */
  percentileError: number;
}

/** Where the page after `cursor` ends: known long before the page is written, so that two can be made at a time. */
export interface UsageExportNext extends UsageFilter {
  /** Where the page before ended; null for the first. */
  cursor: string | null;
}

export interface UsageExportPlace {
  /** Null: this is the last page. */
  cursor: string | null;
}

export interface UsageExportQuery extends UsageExportNext {
  /** Where this page ends; null for the last. */
  until: string | null;
}

/**
 * The answer to `exportPage`: the data is lines of CSV (`USAGE_CSV_COLUMNS`, oldest request first, CRLF at the end of each),
 * the rest stands in these headers.
 */
export const ExportPage = {
  /** Where the answer ends, when that is before `until`: the page is too large for one message. Ask for the rest. */
  cursor: 'Tandem-Cursor',
  /** A `WireError` as JSON, instead of a page. */
  error: 'Tandem-Error',
} as const;

/** In the order of the file. */
export const USAGE_CSV_COLUMNS = [
  'request_id',
  'created_at',
  'user_id',
  'user_email',
  'key_id',
  'endpoint',
  'model',
  'profile',
  'ctx_len',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'reasoning_tokens',
  'queue_ms',
  'ttft_ms',
  'latency_ms',
  'status_code',
  'outcome',
  'count_method',
  'error_code',
  'stream',
] as const;
export type UsageCsvColumn = (typeof USAGE_CSV_COLUMNS)[number];
