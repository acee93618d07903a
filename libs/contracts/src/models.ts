/** Engines and their state, as model-manager announces them. */
import type { Alert } from './alerts';
import type { Switch } from './switching';

export const ModelSubjects = {
  /** The whole picture, announced on every change and every few seconds. Core NATS. */
  state: 'models.v1.state',
  /** Request/reply: the picture now. */
  status: 'models.v1.status',
  /** What each engine says it has done, every few seconds. Core NATS. */
  counters: 'models.v1.engine-counters',
} as const;

/** JetStream KV bucket and key that keep the last announcement, so that one who starts late knows it. */
export const MODELS_BUCKET = 'models';
export const MODELS_STATE_KEY = 'state';

/** What an engine is doing. Each state holds exactly what is true in it. */
export type EngineState =
  | { kind: 'stopped' }
  | { kind: 'loading'; phase: string; percent: number; startedAt: number }
  | { kind: 'ready'; url: string; since: number }
  /** It ends what it runs and is given nothing new: what comes waits. */
  | { kind: 'draining' }
  | { kind: 'failed'; cause: string; message: string; retryAt: number | null };

export interface ServedModel {
  /** The name that the engine answers to. */
  id: string;
  /** Other names that mean this model. */
  aliases: string[];
  /** Context length in tokens; null when the engine does not tell. */
  maxModelLen: number | null;
  /** Epoch seconds, as OpenAI's `created`. */
  created: number;
}

/** An engine's own counts (`vllm:prompt_tokens_total`, `vllm:generation_tokens_total`). */
export interface EngineCounters {
  engineId: string;
  /** The counters begin at 0 with each of them. */
  engineLife: string;
  promptTokens: number;
  generationTokens: number;
  /** Requests that it holds, running or waiting. */
  busy: number;
}

export interface EngineAnnouncement {
  id: string;
  /** From its start to its end, in which its counters only grow; absent when it does not tell. */
  life?: string | undefined;
  driver: 'simulator' | 'process' | 'docker' | 'kubernetes' | 'external';
  profile: string | null;
  state: EngineState;
  /** What it serves when it is ready, also while it is not: requests for these wait instead of being unknown. */
  models: ServedModel[];
  /** Sequences that it runs at once (vLLM's `--max-num-seqs`); null when nobody here knows. */
  maxNumSeqs: number | null;
  /** What it has less than its profile says, after memory ran out (`maxModelLen: 4096`); absent: nothing. */
  steppedDown?: string | undefined;
  /**
   * True for an external engine: it may serve names that its `/v1/models` does not list (adapters, routers), so an
   * unknown name is sent to it and its own 404 is what the client sees.
   */
  acceptsUnlistedModels: boolean;
}

export interface ModelsState {
  /** Grows with every change; survives restarts of model-manager (it is wall-clock milliseconds). */
  revision: number;
  /** The profile in force: what the model name `default` means. */
  profile: string | null;
  engines: EngineAnnouncement[];
  /** The switch that runs; null or absent: none. */
  switch?: Switch | null | undefined;
  /** Those that are on; absent: none. */
  alerts?: Alert[] | undefined;
}

/** The name that always means the profile in force. */
export const DEFAULT_MODEL = 'default';

export type ReadyEngine = EngineAnnouncement & { state: Extract<EngineState, { kind: 'ready' }> };

/** A ready engine that serves the model which a client named. */
export interface ResolvedModel {
  engine: ReadyEngine;
  /** The name to send to the engine. */
  servedName: string;
  maxModelLen: number | null;
}

export type Resolution =
  | { kind: 'ready'; candidates: ResolvedModel[] }
  | { kind: 'not_ready'; engine: EngineAnnouncement; servedNames: string[] }
  | { kind: 'unknown' };

/** Finds who serves `name`: an id, an alias, or `default`. Several engines may. */
export function resolveModel(state: ModelsState | null, name: string): Resolution {
  const candidates: ResolvedModel[] = [];
  const servedNames: string[] = [];
  let waiting: EngineAnnouncement | null = null;
  for (const engine of state?.engines ?? []) {
    const model = engine.models.find((m) => m.id === name || m.aliases.includes(name) || name === DEFAULT_MODEL);
    const servedName = model?.id ?? (engine.acceptsUnlistedModels ? name : null);
    if (servedName === null) continue;
    if (isReady(engine)) candidates.push({ engine, servedName, maxModelLen: model?.maxModelLen ?? null });
    else {
      servedNames.push(servedName);
      if (waiting === null || (isComing(engine) && !isComing(waiting))) waiting = engine;
    }
  }
  if (candidates.length > 0) return { kind: 'ready', candidates };
  return waiting === null ? { kind: 'unknown' } : { kind: 'not_ready', engine: waiting, servedNames };
}

/** Whether an engine that is not ready is on its way to be, or to make room for another: waiting for it makes sense. */
export function isComing({ state }: EngineAnnouncement): boolean {
  switch (state.kind) {
    case 'loading':
    case 'draining':
      return true;
    case 'failed':
      return state.retryAt !== null;
    case 'stopped':
    case 'ready':
      return false;
  }
}

export function isReady(engine: EngineAnnouncement): engine is ReadyEngine {
  return engine.state.kind === 'ready';
}
