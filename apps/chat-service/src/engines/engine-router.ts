import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import {
  DEFAULT_MODEL,
  isComing,
  isReady,
  resolveModel,
  type EngineAnnouncement,
  type ModelsState,
  type Resolution,
  type ResolvedModel,
} from '#contracts/models';
import { ModelsDirectory } from '#common/models-directory';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { FALLBACK_ENGINE, standInFrom, type StandIn, type StandInEngine } from './fallback';
import { EnginePool } from './http/engine-pool';

export interface Route {
  model: ResolvedModel;
  pool: EnginePool;
}

/** Whether an engine of this installation answers under a name. */
export interface OwnEngine {
  /** The model that one serves now; null: none does. */
  model: string | null;
  /** None does, but one is on its way: a switch, a boot. */
  coming: boolean;
  /** Why none does. */
  reason: string | null;
}

/** Knows which engines serve a model, and how each is reached. */
@Injectable()
export class EngineRouter {
  private readonly pools = new Map<string, EnginePool>();
  /** Who may answer in the place of an engine. They serve no name that a client could ask for. */
  private readonly standIns = new Map<string, StandIn>();
  private readonly listeners: (() => void)[] = [];

  /** Another server, where the configuration allows one. */
  readonly fallback: StandIn | null;

  constructor(
    private readonly directory: ModelsDirectory,
    @Inject(CHAT_CONFIG) config: ChatConfig,
  ) {
    this.fallback = config.fallback === null ? null : standInFrom(FALLBACK_ENGINE, config.fallback);
    if (this.fallback !== null) this.standIns.set(FALLBACK_ENGINE, this.fallback);
  }

  /**
   * The ready engines for a model, or one that is on its way. A name that nobody serves was served when the gateway took the
   * request: its model has been replaced since, and the one in force answers, unless `fixed`.
   * @throws CodedError `model_not_found`, or `engine_unavailable` where waiting makes no sense.
   */
  resolve(model: string, fixed: boolean): Exclude<Resolution, { kind: 'unknown' }> {
    for (const standIn of this.standIns.values())
      if (standIn.name === model) return { kind: 'ready', candidates: [standIn.model] };
    const { state } = this.directory;
    if (state === null) throw unavailable('The model manager has not said yet which engines there are.');
    const named = resolveModel(state, model);
    const found = named.kind === 'unknown' && !fixed ? resolveModel(state, DEFAULT_MODEL) : named;
    if (found.kind === 'unknown') {
      const message = `The model \`${model}\` does not exist or you do not have access to it.`;
      throw new CodedError('model_not_found', message, { param: 'model' });
    }
    if (found.kind === 'not_ready' && !isComing(found.engine)) throw unavailable(whyNotReady(found.engine));
    return found;
  }

  standIn(id: StandInEngine): StandIn | null {
    return this.standIns.get(id) ?? null;
  }

  /** Who runs at most how much in the place of an engine. */
  get standInEngines(): ResolvedModel['engine'][] {
    return [...this.standIns.values()].map(({ model }) => model.engine);
  }

  /** Null: nobody stands in any more; what runs there ends by itself. */
  setStandIn(id: StandInEngine, standIn: StandIn | null): void {
    if (standIn === null) this.standIns.delete(id);
    else this.standIns.set(id, standIn);
    for (const listener of this.listeners) listener();
  }

  /** Called after each change of who stands in. */
  onStandInsChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The way to a ready engine. */
  open(model: ResolvedModel): Route {
    return { model, pool: this.pool(model) };
  }

  /** What the engines of this installation can do for a name. @throws CodedError `model_not_found` for one that nobody knows. */
  ownEngine(name: string, fixed: boolean): OwnEngine {
    try {
      const found = this.resolve(name, fixed);
      if (found.kind === 'ready')
        return { model: found.candidates[0]?.servedName ?? null, coming: false, reason: null };
      const { kind } = found.engine.state;
      return {
        model: null,
        coming: kind === 'loading' || kind === 'draining',
        reason: whyNotReady(found.engine),
      };
    } catch (error) {
      if (error instanceof CodedError && (name === DEFAULT_MODEL || error.code === 'engine_unavailable'))
        // Before the first news of the engines nobody knows that there is none.
        return { model: null, coming: this.directory.state === null, reason: error.message };
      throw error;
    }
  }

  close(): void {
    for (const pool of this.pools.values()) pool.close();
    this.pools.clear();
  }

  private pool({ engine }: ResolvedModel): EnginePool {
    const { url } = engine.state;
    const known = this.standIns.get(engine.id);
    // One that was replaced meanwhile has its name no more.
    const standIn = known?.model.engine === engine ? known : undefined;
    const place = standIn?.name ?? url;
    let pool = this.pools.get(place);
    if (pool === undefined) {
      this.forgetGone(this.directory.state);
      pool = new EnginePool(url, standIn?.apiKey ?? null, standIn?.lookup);
      this.pools.set(place, pool);
    }
    return pool;
  }

  /** A restarted engine has a new address; the pool of the old one would hold its idle sockets for ever. */
  private forgetGone(state: ModelsState | null): void {
    const places = new Set((state?.engines ?? []).filter(isReady).map((engine) => engine.state.url));
    for (const { name } of this.standIns.values()) places.add(name);
    for (const [place, pool] of this.pools) {
      if (places.has(place)) continue;
      pool.close();
      this.pools.delete(place);
    }
  }
}

/** What an engine that is not ready does, in a sentence for who asked for it. */
export function whyNotReady({ state }: EngineAnnouncement): string {
  switch (state.kind) {
    case 'loading':
      return `The model is loading (${state.phase}, ${state.percent} %). Try again in a moment.`;
    case 'failed':
      return state.retryAt === null
        ? `The engine failed: ${state.message} It is not restarted; ask the operator.`
        : `The engine failed: ${state.message} It is being restarted; try again in a moment.`;
    case 'draining':
      return 'The engine ends what it runs and takes nothing new. Try again in a moment.';
    case 'stopped':
    case 'ready':
      return 'The engine is stopped.';
  }
}

function unavailable(message: string): CodedError {
  return new CodedError('engine_unavailable', message);
}
