import type { GatewayConfig } from '../config';

/** Limits that count together: those of a key; or those of a user, over all keys and sessions of theirs. */
export interface LimitSet {
  readonly by: 'key' | 'user';
  readonly id: string;
  /** Null: no such limit. */
  readonly tokensPerMinute: number | null;
  readonly concurrentRequests: number | null;
  /** Tokens of a calendar month (UTC). */
  readonly monthlyTokens: number | null;
}

type Limits = Pick<LimitSet, 'tokensPerMinute' | 'concurrentRequests' | 'monthlyTokens'>;
type UserLimits = Pick<GatewayConfig, 'USER_TOKENS_PER_MINUTE' | 'USER_CONCURRENT_REQUESTS' | 'USER_MONTHLY_TOKENS'>;

/** What counts for requests of this user by this key (null: signed in). Null when nothing does, which costs nothing. */
export function limitSets(
  userId: string,
  key: (Limits & { id: string }) | null,
  config: UserLimits,
): readonly LimitSet[] | null {
  const user: LimitSet = {
    by: 'user',
    id: userId,
    tokensPerMinute: config.USER_TOKENS_PER_MINUTE ?? null,
    concurrentRequests: config.USER_CONCURRENT_REQUESTS ?? null,
    monthlyTokens: config.USER_MONTHLY_TOKENS ?? null,
  };
  const sets = key === null ? [user] : [limitsOf(key), user];
  const limiting = sets.filter(
    (set) => set.tokensPerMinute !== null || set.concurrentRequests !== null || set.monthlyTokens !== null,
  );
  return limiting.length === 0 ? null : limiting;
}

/** The name under which a set is counted. */
export function trackerOf({ by, id }: LimitSet): string {
  return `${by}:${id}`;
}

function limitsOf({ id, tokensPerMinute, concurrentRequests, monthlyTokens }: Limits & { id: string }): LimitSet {
  return { by: 'key', id, tokensPerMinute, concurrentRequests, monthlyTokens };
}
