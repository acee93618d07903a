import { Injectable } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import {
  isReady,
  resolveModel,
  type EngineAnnouncement,
  type ModelsState,
  type ResolvedModel,
} from '#contracts/models';
import { ModelsDirectory } from '#common/models-directory';
import { EnginePool } from './http/engine-pool';

export interface Route {
  model: ResolvedModel;
  pool: EnginePool;
}

/** Finds the engine for a request: the ready one with the fewest requests of ours, among those that serve the model. */
@Injectable()
export class EngineRouter {
  private readonly pools = new Map<string, EnginePool>();
  private readonly outstanding = new Map<string, number>();

  constructor(private readonly directory: ModelsDirectory) {}

  /** @throws CodedError `model_not_found`, or `engine_unavailable` with what the engine is doing. */
  route(model: string): Route {
    const { state } = this.directory;
    if (state === null) throw unavailable('The model manager has not said yet which engines there are.');
    const found = resolveModel(state, model);
    switch (found.kind) {
      case 'unknown':
        throw new CodedError(
          'model_not_found',
          `The model \`${model}\` does not exist or you do not have access to it.`,
          {
            param: 'model',
          },
        );
      case 'not_ready':
        throw unavailable(whyNotReady(found.engine));
      case 'ready': {
        const chosen = found.candidates.reduce((best, one) => (this.load(one) < this.load(best) ? one : best));
        return { model: chosen, pool: this.pool(state, chosen.engine.state.url) };
      }
    }
  }

  begin(engineId: string): void {
    this.outstanding.set(engineId, (this.outstanding.get(engineId) ?? 0) + 1);
  }

  end(engineId: string): void {
    this.outstanding.set(engineId, Math.max(0, (this.outstanding.get(engineId) ?? 0) - 1));
  }

  close(): void {
    for (const pool of this.pools.values()) pool.close();
    this.pools.clear();
  }

  private load(model: ResolvedModel): number {
    return this.outstanding.get(model.engine.id) ?? 0;
  }

  private pool(state: ModelsState, url: string): EnginePool {
    let pool = this.pools.get(url);
    if (pool === undefined) {
      this.forgetGone(state);
      pool = new EnginePool(url);
      this.pools.set(url, pool);
    }
    return pool;
  }

  /** A restarted engine has a new address; the pool of the old one would hold its idle sockets for ever. */
  private forgetGone(state: ModelsState): void {
    const urls = new Set(state.engines.filter(isReady).map((engine) => engine.state.url));
    for (const [url, pool] of this.pools) {
      if (urls.has(url)) continue;
      pool.close();
      this.pools.delete(url);
    }
  }
}

function whyNotReady(engine: EngineAnnouncement): string {
  switch (engine.state.kind) {
    case 'loading':
      return `The model is loading (${engine.state.phase}, ${engine.state.percent} %). Try again in a moment.`;
    case 'failed':
      return engine.state.retryAt === null
        ? `The engine failed: ${engine.state.message} It is not restarted; ask the operator.`
        : `The engine failed: ${engine.state.message} It is being restarted; try again in a moment.`;
    case 'stopped':
    case 'ready':
      return 'The engine is stopped.';
  }
}

function unavailable(message: string): CodedError {
  return new CodedError('engine_unavailable', message);
}
