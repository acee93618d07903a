import { hash32 } from '#testing/simulated-text';
import type { MemoryPlan } from '../boot/memory-plan';
import type { ServeOptions } from '../cli/serve-options';
import type { SimulatorConfig } from '../config';
import { EngineCounters } from '../engine/counters';
import { Engine } from '../engine/engine';
import { BLOCK_TOKENS, PrefixCache } from '../engine/prefix-cache';
import { Scheduler } from '../engine/scheduler';
import type { Limits } from '../protocol/chat-request';

export const VLLM_VERSION = '0.32.0';

/** What the routes know about the server they belong to. */
export interface ServerState {
  readonly options: ServeOptions;
  readonly config: SimulatorConfig;
  readonly engine: Engine;
  readonly limits: Limits;
  readonly kvCacheTokens: number;
  readonly fingerprint: string | null;
  readonly startedAtS: number;
  /** Requests in the handlers, for /load. */
  load: number;
  /** By the label text of vLLM's http_requests_total. */
  readonly httpRequests: Map<string, number>;
}

export function createServerState(options: ServeOptions, config: SimulatorConfig, plan: MemoryPlan): ServerState {
  const { kvCacheTokens, maxModelLen } = plan;
  const counters = new EngineCounters(maxModelLen);
  const scheduler = new Scheduler(
    { maxNumSeqs: config.maxNumSeqs ?? options.maxNumSeqs, kvCacheTokens, ttftMs: config.ttftMs },
    counters,
    options.enablePrefixCaching ? new PrefixCache(kvCacheTokens / BLOCK_TOKENS) : null,
  );
  return {
    options,
    config,
    engine: new Engine(scheduler, counters, { tokensPerSecond: config.tokensPerSecond, ...config.faults }),
    limits: { maxModelLen, hasChatTemplate: hasChatTemplate(options, config) },
    kvCacheTokens,
    fingerprint: systemFingerprint(options),
    startedAtS: Date.now() / 1000,
    load: 0,
    httpRequests: new Map(),
  };
}

/** `vllm-0.32.0-tp2-<hash>`: version, parallelism, and a hash of the configuration (serve/utils/fingerprint.py). */
function systemFingerprint(options: ServeOptions): string | null {
  const hash = hash32(`${options.model} ${options.maxModelLen ?? ''} ${options.dtype}`)
    .toString(16)
    .padStart(8, '0');
  switch (options.fingerprintMode) {
    case 'none':
      return null;
    case 'custom':
      return options.fingerprintValue;
    case 'hash':
      return `vllm-${VLLM_VERSION}-${hash}`;
    default: {
      const parallel = options.tensorParallelSize > 1 ? [`tp${options.tensorParallelSize}`] : [];
      return [`vllm-${VLLM_VERSION}`, ...parallel, hash].join('-');
    }
  }
}

/** The model's own, or one that was given. */
function hasChatTemplate({ given }: ServeOptions, { hasChatTemplate, faults }: SimulatorConfig): boolean {
  return given.has('chat-template') || (hasChatTemplate && !faults.noChatTemplate);
}
