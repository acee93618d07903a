import type { Actor } from '#contracts/access';
import type { ChunkSettings } from '#contracts/code';
import type { LimitSet } from '../limits/limit-set';

/** What the guard found out about the caller. Made once for a key, shared by all of its requests: never changed. */
export interface RequestAccess {
  readonly actor: Actor;
  /** Null: all models. */
  readonly allowedModels: readonly string[] | null;
  /** Null: the default of the configuration. */
  readonly requestsPerMinute: number | null;
  /** Tokens a minute, requests at once, monthly budgets; null where there is no such limit. */
  readonly limits: readonly LimitSet[] | null;
  /** How the code assistant cuts its answers, where the key says so. */
  readonly codeChunks: Partial<ChunkSettings> | null;
  /** True for a key with any limit of its own: it may not manage keys or users. */
  readonly restricted: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; null before the guard ran and on public routes. */
    actor: Actor | null;
    /** The caller with the limits of its key; null as `actor` is. */
    access: RequestAccess | null;
  }
}
