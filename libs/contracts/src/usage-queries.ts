/** Reading the ledger: request/reply with usage-service. */
import type { CountMethod, Endpoint, Outcome } from './usage';

export const UsageQuerySubjects = {
  requests: 'usage.v1.requests',
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
