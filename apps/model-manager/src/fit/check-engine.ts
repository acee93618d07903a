import type { FitVerdict } from '#contracts/profiles';
import type { EngineSettings } from '../profiles/profile';
import { planEngine, type EnginePlan } from './engine-plan';
import type { MeasuredBoot } from './fit-model';
import type { GpuFigures } from './gpu-figures';
import { bytesNeeded, capacityOf, longestRequest } from './kv/capacity';
import { planKvCache, type KvPlan } from './kv/kv-plan';
import { gpuMemory, type GpuMemory } from './memory';
import type { ModelShape } from './model/model-shape';
import { refusal, remarks } from './rules';
import { inGib, say, type Said } from './say';
import { middle, type Range } from './units';

export interface EngineFit {
  verdict: FitVerdict;
  reason: Said;
  memory: GpuMemory[];
  tokens: Range;
  concurrency: Range;
  longest: Range;
  maxModelLen: number;
  notes: Said[];
}

/** The longest context that is tried where neither the profile nor the model names one. */
const LONGEST = 16_777_216;

/**
 * Whether one engine starts on these GPUs, and with how much cache. Pure.
 * @throws EngineSettingError when a setting of the profile is none that vLLM takes.
 */
export function checkEngine(
  settings: EngineSettings,
  shape: ModelShape,
  gpus: readonly [GpuFigures, ...GpuFigures[]],
  measured: MeasuredBoot | null,
): EngineFit {
  const smallest = gpus.reduce((least, gpu) => (gpu.totalBytes < least.totalBytes ? gpu : least));
  const engine = planEngine(settings, shape, smallest);
  const memory = gpus.map((gpu) => gpuMemory(shape, engine, gpu, measured));
  const plan = planKvCache(shape, engine);
  const cache = leastCache(memory);
  const length = engine.maxModelLen === 'auto' ? autoLength(plan, cache, shape) : engine.maxModelLen;
  const seen = plan === null || measured === null ? 1 : tokensAgainstPlan(plan, measured);
  const low = plan === null ? null : capacityOf(plan, cache.low, length);
  const high = plan === null ? null : capacityOf(plan, cache.high, length);
  const { verdict, reason } = judge({ shape, engine, gpus, memory, plan, cache, length });
  return {
    verdict,
    reason,
    memory,
    tokens: { low: Math.floor((low?.tokens ?? 0) * seen), high: Math.ceil((high?.tokens ?? 0) * seen) },
    concurrency: { low: (low?.concurrency ?? 0) * seen, high: (high?.concurrency ?? 0) * seen },
    longest: { low: low?.longest ?? 0, high: high?.longest ?? 0 },
    maxModelLen: length,
    notes: remarks(shape, engine, gpus),
  };
}

/** Tokens that a measured boot had for those that its bytes should have held: 1, unless its version counts otherwise. */
function tokensAgainstPlan(plan: KvPlan, { kvCacheBytes, kvCacheTokens, maxModelLen }: MeasuredBoot): number {
  const expected = capacityOf(plan, kvCacheBytes, maxModelLen).tokens;
  return expected > 0 && kvCacheTokens > 0 ? kvCacheTokens / expected : 1;
}

/** All GPUs of an engine hold as many blocks as the one with the least memory. */
function leastCache(memory: readonly GpuMemory[]): Range {
  return {
    low: Math.min(...memory.map(({ kvCache }) => kvCache.low)),
    high: Math.min(...memory.map(({ kvCache }) => kvCache.high)),
  };
}

/** `--max-model-len auto`: vLLM takes the longest that fits; we answer for the worse case. */
function autoLength(plan: KvPlan | null, cache: Range, shape: ModelShape): number {
  const most = shape.maxPositions ?? LONGEST;
  if (plan === null) return most;
  return Math.max(1, longestRequest(plan, Math.floor(cache.low / plan.bytesPerBlock), most));
}

interface Case {
  shape: ModelShape;
  engine: EnginePlan;
  gpus: readonly GpuFigures[];
  memory: readonly GpuMemory[];
  plan: KvPlan | null;
  cache: Range;
  length: number;
}

interface Judgement {
  verdict: FitVerdict;
  reason: Said;
}

const no = (reason: Said): Judgement => ({ verdict: 'no', reason });
const tight = (reason: Said): Judgement => ({ verdict: 'tight', reason });

function judge(given: Case): Judgement {
  const refused = refusal(given.shape, given.engine, given.gpus);
  if (refused !== null) return no(refused);
  for (const memory of given.memory) {
    const misfit = tooLarge(memory, given.engine);
    if (misfit !== null) return no(misfit);
  }
  return cacheTooSmall(given) ?? closeCalls(given) ?? fits(given);
}

/** What does not fit at all on one GPU. */
function tooLarge({ gpu, budget, weights, kvCache }: GpuMemory, engine: EnginePlan): Said | null {
  const weightsGib = inGib(weights.low);
  const totalGib = inGib(gpu.totalBytes);
  const freeGib = inGib(gpu.freeBytes.high);
  const asked = { utilisation: engine.utilisation, gpu: gpu.index, budgetGib: inGib(budget) };
  if (weights.low > gpu.totalBytes)
    return say('weights_over_card', { weightsGib, gpu: gpu.index, card: gpu.name, totalGib });
  if (engine.kvCacheMemoryBytes === null) {
    if (weights.low > budget) return say('weights_over_budget', { ...asked, weightsGib });
    if (budget > gpu.freeBytes.high) return say('budget_over_free', { ...asked, freeGib, totalGib });
    if (middle(kvCache) <= 0) return say('no_cache_left', { ...asked, weightsGib });
    return null;
  }
  const pinned = weights.low + engine.kvCacheMemoryBytes;
  return pinned > gpu.freeBytes.high
    ? say('pinned_cache_over_free', { neededGib: inGib(pinned), gpu: gpu.index, freeGib })
    : null;
}

function cacheTooSmall({ plan, cache, length }: Case): Judgement | null {
  if (plan === null) return null;
  const needed = bytesNeeded(plan, length);
  if (middle(cache) >= needed) return null;
  const longest = longestRequest(plan, Math.floor(middle(cache) / plan.bytesPerBlock), length);
  return no(
    say('cache_too_small', {
      lengthTokens: length,
      neededGib: inGib(needed),
      leftGib: inGib(middle(cache)),
      longestTokens: longest,
    }),
  );
}

/** What goes well on most boots, but not on all. */
function closeCalls({ plan, cache, length, memory, engine }: Case): Judgement | null {
  if (plan !== null && cache.low < bytesNeeded(plan, length))
    return tight(
      say('cache_may_be_too_small', {
        lengthTokens: length,
        neededGib: inGib(bytesNeeded(plan, length)),
        lowGib: inGib(cache.low),
        highGib: inGib(cache.high),
      }),
    );
  for (const { gpu, budget, graphs, weights, activation, runtime } of memory) {
    const used =
      engine.kvCacheMemoryBytes === null
        ? budget
        : weights.high + activation.high + runtime.high + engine.kvCacheMemoryBytes;
    if (used > gpu.freeBytes.low)
      return tight(
        say('budget_close_to_free', {
          neededGib: inGib(used),
          gpu: gpu.index,
          lowGib: inGib(gpu.freeBytes.low),
          highGib: inGib(gpu.freeBytes.high),
        }),
      );
    if (used + graphs.low > gpu.freeBytes.high)
      return tight(say('little_left_for_graphs', { gpu: gpu.index, neededGib: inGib(used) }));
  }
  return null;
}

function fits({ plan, cache, length, memory }: Case): Judgement {
  const [first] = memory;
  const weightsGib = first === undefined ? 0 : inGib(middle(first.weights));
  if (plan === null) return { verdict: 'fits', reason: say('fits_without_cache', { weightsGib }) };
  const capacity = capacityOf(plan, middle(cache), length);
  return {
    verdict: 'fits',
    reason: say('fits', {
      weightsGib,
      cacheGib: inGib(middle(cache)),
      cacheTokens: capacity.tokens,
      timesAtOnce: capacity.concurrency,
      lengthTokens: length,
    }),
  };
}
