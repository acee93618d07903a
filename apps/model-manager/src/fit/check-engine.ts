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
import { GIB, middle, thousands, type Range } from './units';

export interface EngineFit {
  verdict: FitVerdict;
  reason: string;
  memory: GpuMemory[];
  tokens: Range;
  concurrency: Range;
  longest: Range;
  maxModelLen: number;
  notes: string[];
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
  reason: string;
}

const no = (reason: string): Judgement => ({ verdict: 'no', reason });
const tight = (reason: string): Judgement => ({ verdict: 'tight', reason });
const size = (bytes: number): string => (bytes / GIB).toFixed(2);

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
function tooLarge({ gpu, budget, weights, kvCache }: GpuMemory, engine: EnginePlan): string | null {
  const asked = `gpuMemoryUtilization ${engine.utilisation} of GPU ${gpu.index} is ${size(budget)} GiB`;
  if (weights.low > gpu.totalBytes)
    return `The weights take ${size(weights.low)} GiB on each GPU, and GPU ${gpu.index} (${gpu.name}) has ${size(gpu.totalBytes)} GiB in all.`;
  if (engine.kvCacheMemoryBytes === null) {
    if (weights.low > budget) return `${asked}, less than the ${size(weights.low)} GiB of weights that it has to hold.`;
    if (budget > gpu.freeBytes.high)
      return `${asked}, but only ${size(gpu.freeBytes.high)} GiB of ${size(gpu.totalBytes)} GiB are free: vLLM refuses to start.`;
    if (middle(kvCache) <= 0)
      return `${asked}: the weights take ${size(weights.low)} GiB of it and what vLLM needs to run takes the rest, so no KV cache is left.`;
    return null;
  }
  const pinned = weights.low + engine.kvCacheMemoryBytes;
  return pinned > gpu.freeBytes.high
    ? `The weights and the pinned KV cache take ${size(pinned)} GiB on GPU ${gpu.index}, and ${size(gpu.freeBytes.high)} GiB are free.`
    : null;
}

function cacheTooSmall({ plan, cache, length }: Case): Judgement | null {
  if (plan === null) return null;
  const needed = bytesNeeded(plan, length);
  if (middle(cache) >= needed) return null;
  const longest = longestRequest(plan, Math.floor(middle(cache) / plan.bytesPerBlock), length);
  return no(
    `One request of ${thousands(length)} tokens needs ${size(needed)} GiB of KV cache on each GPU, and about ${size(middle(cache))} GiB are left: a context of about ${thousands(longest)} tokens would fit.`,
  );
}

/** What goes well on most boots, but not on all. */
function closeCalls({ plan, cache, length, memory, engine }: Case): Judgement | null {
  if (plan !== null && cache.low < bytesNeeded(plan, length))
    return tight(
      `One request of ${thousands(length)} tokens needs ${size(bytesNeeded(plan, length))} GiB of KV cache on each GPU; between ${size(cache.low)} and ${size(cache.high)} GiB are left, so some boots will be refused.`,
    );
  for (const { gpu, budget, graphs, weights, activation, runtime } of memory) {
    const used =
      engine.kvCacheMemoryBytes === null
        ? budget
        : weights.high + activation.high + runtime.high + engine.kvCacheMemoryBytes;
    if (used > gpu.freeBytes.low)
      return tight(
        `Of ${size(used)} GiB that the engine asks for on GPU ${gpu.index}, between ${size(gpu.freeBytes.low)} and ${size(gpu.freeBytes.high)} GiB are free once it starts.`,
      );
    if (used + graphs.low > gpu.freeBytes.high)
      return tight(
        `Next to nothing is left on GPU ${gpu.index} outside of vLLM's ${size(used)} GiB: the CUDA graphs may not find room.`,
      );
  }
  return null;
}

function fits({ plan, cache, length, memory }: Case): Judgement {
  const [first] = memory;
  const weights = first === undefined ? '' : `${size(middle(first.weights))} GiB of weights`;
  if (plan === null) return { verdict: 'fits', reason: `${weights} on each GPU; the model keeps no KV cache.` };
  const capacity = capacityOf(plan, middle(cache), length);
  const requests = capacity.concurrency.toFixed(1);
  return {
    verdict: 'fits',
    reason: `${weights} and about ${size(middle(cache))} GiB of KV cache on each GPU: ${thousands(capacity.tokens)} tokens, or ${requests} requests of ${thousands(length)} tokens at once.`,
  };
}
