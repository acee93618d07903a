import { createHash } from 'node:crypto';
import { isReady, type ModelsState } from '#contracts/models';
import type { BenchmarkTarget } from './benchmark.service';

/** The name under which the benchmarks of somebody else's engine are kept. */
const EXTERNAL = 'external';

/**
 * What can be measured now: the profile in force, when each of its engines is ready; null otherwise. `parameters` is all
 * that makes it another one to measure: settings, versions.
 */
export function benchmarkTarget(state: ModelsState, parameters: unknown): BenchmarkTarget | null {
  const engines = state.engines.filter((engine) => engine.profile === state.profile);
  const [first] = engines;
  const model = first?.models[0]?.id;
  if (first === undefined || model === undefined || !engines.every(isReady)) return null;
  const lengths = engines.flatMap(({ models }) => models[0]?.maxModelLen ?? []);
  return {
    profile: state.profile ?? EXTERNAL,
    model,
    maxModelLen: lengths.length === 0 ? null : Math.min(...lengths),
    fingerprint: createHash('sha256')
      .update(
        JSON.stringify([parameters, engines.map(({ models, maxNumSeqs }) => [models[0]?.maxModelLen, maxNumSeqs])]),
      )
      .digest('hex')
      .slice(0, 16),
  };
}
