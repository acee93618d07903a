import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { Backend } from '#contracts/code';
import type { ResolvedModel } from '#contracts/models';

/** Who answers in the place of an engine: its id as one, and its profile in the ledger. */
export const FALLBACK_ENGINE = 'fallback';
export const HINTS_API_ENGINE = 'hints-api';
export const HINTS_LOCAL_ENGINE = 'hints-local';
/** Another server for hints whose settings are only tried. */
export const HINTS_TRIAL_ENGINE = 'hints-trial';
export type StandInEngine =
  typeof FALLBACK_ENGINE | typeof HINTS_API_ENGINE | typeof HINTS_LOCAL_ENGINE | typeof HINTS_TRIAL_ENGINE;

const BACKENDS: Readonly<Record<StandInEngine, Backend>> = {
  [FALLBACK_ENGINE]: 'fallback',
  [HINTS_API_ENGINE]: 'fallback',
  [HINTS_LOCAL_ENGINE]: 'local',
  [HINTS_TRIAL_ENGINE]: 'fallback',
};

export interface StandIn {
  /** What the queue knows it by. Nobody can ask for it: it is another one in each process. */
  name: string;
  model: ResolvedModel;
  apiKey: string | null;
  /** Where its name may lead; absent: anywhere. */
  lookup?: LookupFunction;
}

export interface StandInServer {
  /** Without `/v1`. */
  url: string;
  model: string;
  apiKey: string | null;
  maxConcurrent: number;
  lookup?: LookupFunction;
}

/** Another server as if it were an engine, so that its requests are admitted, relayed, counted and limited as all others. */
export function standInFrom(id: StandInEngine, { url, model, apiKey, maxConcurrent, lookup }: StandInServer): StandIn {
  return {
    name: `${id} ${randomUUID()}`,
    apiKey,
    ...(lookup === undefined ? {} : { lookup }),
    model: {
      engine: {
        id,
        driver: 'external',
        profile: id,
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

/** Who answers. */
export function backendOf({ engine }: Pick<ResolvedModel, 'engine'>): Backend {
  return backendNamed(engine.id);
}

/** The same of a request that was placed: `servedBy` is the name of who stands in, and absent where an engine answers. */
export function backendPlaced({ servedBy }: { servedBy?: string }): Backend {
  return backendNamed(servedBy?.slice(0, servedBy.indexOf(' ')) ?? '');
}

function backendNamed(engineId: string): Backend {
  return (BACKENDS as Readonly<Record<string, Backend | undefined>>)[engineId] ?? 'vllm';
}
