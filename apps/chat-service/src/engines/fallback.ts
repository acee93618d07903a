import { randomUUID } from 'node:crypto';
import type { ResolvedModel } from '#contracts/models';
import type { FallbackConfig } from '../config';

/** Its id as an engine, and its profile in the ledger. */
export const FALLBACK_ENGINE = 'fallback';

export interface Fallback {
  /** What the queue knows it by. Nobody can ask for it: it is another one in each process. */
  name: string;
  model: ResolvedModel;
}

/** Another server as if it were an engine, so that its requests are admitted, relayed, counted and limited as all others. */
export function fallbackFrom({ url, model, maxConcurrent }: FallbackConfig): Fallback {
  return {
    name: `fallback ${randomUUID()}`,
    model: {
      engine: {
        id: FALLBACK_ENGINE,
        driver: 'external',
        profile: FALLBACK_ENGINE,
        state: { kind: 'ready', url, since: Date.now() },
        models: [{ id: model, aliases: [], maxModelLen: null, created: 0 }],
        maxNumSeqs: maxConcurrent,
        acceptsUnlistedModels: false,
      },
      servedName: model,
      maxModelLen: null,
    },
  };
}
