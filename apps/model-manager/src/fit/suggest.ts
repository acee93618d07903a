import type { FitSuggestion } from '#contracts/profiles';
import type { EngineSettings } from '../profiles/profile';
import type { EngineFit } from './check-engine';
import type { FitGpu } from './fit-model';
import { say, type Said } from './say';

export interface Trial {
  /** The answer with these settings; null when they are refused before anything can be calculated. */
  check: (settings: EngineSettings) => EngineFit | null;
  siblings: readonly string[];
  gpus: readonly FitGpu[];
}

type Change = FitSuggestion['settings'];

/** A suggestion for the one engine that is looked at. */
export type EngineSuggestion = Omit<FitSuggestion, 'engine' | 'why' | 'whyMessage'> & { why: Said };

/** What belongs to the weights as they are now, and does not hold for others. */
const OF_THE_WEIGHTS = ['quantization', 'revision', 'dtype'];

/** The settings with others put over them. */
function changed(settings: EngineSettings, change: Change): EngineSettings {
  return { ...settings, ...change };
}

/** The settings without those that do not hold for what is tried. */
function without(settings: EngineSettings, ...names: string[]): EngineSettings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name))) as EngineSettings;
}

const given = (settings: EngineSettings, names: readonly string[]): string[] =>
  names.filter((name) => settings[name] !== undefined);

/**
 * The smallest changes with which an engine fits, each tried out by the check itself: its utilisation, its context, the
 * dtype of its cache, more GPUs, the same model in fewer bits. Where none is enough alone, utilisation and context.
 */
export function suggest(settings: EngineSettings, trial: Trial): EngineSuggestion[] {
  const alone = [
    utilisation(settings, trial),
    context(settings, trial),
    cacheDtype(settings, trial),
    fewerOrMoreGpus(settings, trial),
    ...trial.siblings.map((model) => sibling(settings, trial, model)),
  ].filter((suggestion) => suggestion !== null);
  if (alone.length > 0) return alone.slice(0, 6);
  const both = utilisationWithContext(settings, trial);
  return both === null ? [] : [both];
}

/** In hundredths, from above: the smallest that fits; where none surely does, the smallest that may. */
function utilisation(settings: EngineSettings, trial: Trial): EngineSuggestion | null {
  for (const wanted of ['fits', 'tight'] as const) {
    const found = smallestUtilisation(settings, trial, wanted);
    if (found === null) continue;
    const [value, fit] = found;
    const why = say('smallest_utilisation', { utilisation: value, ...cacheOf(fit) });
    return described({ gpuMemoryUtilization: value }, why);
  }
  return null;
}

/** The lowest hundredth with this verdict. Below it is too little for the engine, above the top too much for the card. */
function smallestUtilisation(
  settings: EngineSettings,
  trial: Trial,
  wanted: 'fits' | 'tight',
): [number, EngineFit] | null {
  const now = settings.gpuMemoryUtilization ?? null;
  // In steps of eight from above to where it first holds, then down by hundredths while it does.
  let found: [number, EngineFit] | null = null;
  const at = (hundredths: number): EngineFit | null =>
    trial.check(changed(settings, { gpuMemoryUtilization: hundredths / 100 }));
  const coarse = [98, 96, 94, 92, 90, 84, 76, 68, 60, 52, 44, 36, 28, 20, 12, 6].find(
    (value) => at(value)?.verdict === wanted,
  );
  if (coarse === undefined) return null;
  for (let value = coarse; value >= 1; value -= 1) {
    const fit = at(value);
    if (fit?.verdict !== wanted) break;
    if (value / 100 !== now) found = [value / 100, fit];
  }
  return found;
}

/** The longest context that fits, in steps that people write. */
function context(settings: EngineSettings, trial: Trial): EngineSuggestion | null {
  const length = longestThatFits(settings, trial);
  if (length === null) return null;
  const fit = trial.check(changed(settings, { maxModelLen: length }));
  return fit === null ? null : described({ maxModelLen: length }, say('longest_context', cacheOf(fit)));
}

function longestThatFits(settings: EngineSettings, trial: Trial): number | null {
  const now = trial.check(settings);
  if (now === null || now.longest.low < 256) return null;
  const step = now.longest.low >= 4_096 ? 1_024 : 256;
  const length = Math.floor(now.longest.low / step) * step;
  if (length < 256 || length >= now.maxModelLen) return null;
  return works(trial.check(changed(settings, { maxModelLen: length }))) ? length : null;
}

function cacheDtype(settings: EngineSettings, trial: Trial): EngineSuggestion | null {
  if (settings['kvCacheDtype'] !== undefined && settings['kvCacheDtype'] !== 'auto') return null;
  for (const kvCacheDtype of ['fp8', 'int8_per_token_head']) {
    const fit = trial.check(changed(settings, { kvCacheDtype }));
    if (fit !== null && works(fit)) return described({ kvCacheDtype }, say('half_the_cache', cacheOf(fit)));
  }
  return null;
}

/** More GPUs where memory is short; fewer where the heads cannot be divided. */
function fewerOrMoreGpus(settings: EngineSettings, trial: Trial): EngineSuggestion | null {
  const now = settings.tensorParallelSize ?? 1;
  const sizes = [2, 4, 8, 1].filter((size) => size !== now && size <= trial.gpus.length);
  for (const tensorParallelSize of sizes) {
    const fit = trial.check(changed(without(settings, 'gpus'), { tensorParallelSize }));
    if (fit === null || !works(fit)) continue;
    const why =
      tensorParallelSize === 1
        ? say('on_one_gpu', cacheOf(fit))
        : say('on_gpus', { gpus: tensorParallelSize, ...cacheOf(fit) });
    return described({ tensorParallelSize }, why, given(settings, ['gpus']));
  }
  return null;
}

function sibling(settings: EngineSettings, trial: Trial, model: string): EngineSuggestion | null {
  const fit = trial.check(changed(without(settings, ...OF_THE_WEIGHTS), { model }));
  return fit !== null && works(fit)
    ? described({ model }, say('fewer_bits', cacheOf(fit)), given(settings, OF_THE_WEIGHTS))
    : null;
}

function utilisationWithContext(settings: EngineSettings, trial: Trial): EngineSuggestion | null {
  for (let hundredths = 97; hundredths >= 52; hundredths -= 5) {
    const gpuMemoryUtilization = hundredths / 100;
    const maxModelLen = longestThatFits(changed(settings, { gpuMemoryUtilization }), trial);
    if (maxModelLen === null) continue;
    const fit = trial.check(changed(settings, { gpuMemoryUtilization, maxModelLen }));
    if (fit?.verdict === 'fits')
      return described({ gpuMemoryUtilization, maxModelLen }, say('both_together', cacheOf(fit)));
  }
  return null;
}

const works = (fit: EngineFit | null): boolean => fit !== null && fit.verdict === 'fits';

function described(settings: Change, why: Said, removes: string[] = []): EngineSuggestion {
  const change = Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
  return { change, why, settings, removes };
}

function cacheOf({ tokens, maxModelLen }: EngineFit) {
  return {
    lowTokens: Math.max(0, tokens.low),
    highTokens: Math.max(0, tokens.high),
    lengthTokens: maxModelLen,
  };
}
