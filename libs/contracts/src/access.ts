/** Who may do what, and the news that it changed. */

export type Role = 'user' | 'admin';

/** The caller of a request after authentication. `keyId` is null for somebody signed in with a password. */
export interface Actor {
  userId: string;
  email: string;
  role: Role;
  keyId: string | null;
}

export const AccessSubjects = {
  /** A user or a key changed or is gone: gateways drop it from their caches. Core NATS, every gateway hears it. */
  changed: 'access.v1.changed',
  /** Request/reply with any gateway: which of these users are deleted. For who may have missed the news. */
  removedUsers: 'access.v1.removed-users',
} as const;

export interface UsersQuery {
  /** At most 1,000. */
  userIds: string[];
}

/** Those of the query that are deleted. */
export interface UsersRemoved {
  userIds: string[];
}

/** Tandem itself: titles, warm-up, benchmarks. Its requests are rows of the ledger like any other. */
export const SYSTEM_ACTOR: Actor = { userId: 'system', email: '', role: 'user', keyId: null };

/** `ended`: nothing may go on in its name, not even an answer that is being streamed. */
export type AccessChanged =
  | { kind: 'user'; userId: string; ended?: 'disabled' | 'deleted' | undefined }
  | { kind: 'key'; keyId: string; ended?: 'deleted' | undefined };
