import type { FitSuggestion } from '#contracts/profiles';
import type { EngineSettings } from '../profiles/profile';
import type { EngineFit } from './check-engine';
import type { FitGpu } from './fit-model';

export interface Trial {
  /** The answer with these settings; null when they are refused before anything can be calculated. */
  check: (settings: EngineSettings) => EngineFit | null;
  siblings: readonly string[];
  gpus: readonly FitGpu[];
}

type Change = Record<string, string | number | boolean>;

/** The settings with others put over them. */
function changed(settings: EngineSettings, change: Change): EngineSettings {
  return { ...settings, ...change } as EngineSettings;
}

/** The settings without those that do not hold for what is tried. */
function without(settings: EngineSettings, ...names: string[]): EngineSettings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name))) as EngineSettings;
}

/**
 * The smallest changes with which an engine fits, each tried out by the check itself: its utilisation, its context, the
 * dtype of its cache, more GPUs, the same model in fewer bits. Where none is enough alone, utilisation and context.
 */
export function suggest(settings: EngineSettings, trial: Trial): FitSuggestion[] {
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
function utilisation(settings: EngineSettings, trial: Trial): FitSuggestion | null {
  const now = settings.gpuMemoryUtilization ?? null;
  const tried = Array.from({ length: 98 }, (_, index) => (index + 1) / 100);
  for (const wanted of ['fits', 'tight'] as const) {
    const found = tried.find((value) => value !== now && trial.check(changed(settings, { gpuMemoryUtilization: value }))?.verdict === wanted);
    if (found === undefined) continue;
    const change: Change = { gpuMemoryUtilization: found };
    const fit = trial.check(changed(settings, change));
    return fit === null ? null : described(change, `${found} is the smallest utilisation that works: ${cacheWords(fit)}.`);
  }
  return null;
}

/** The longest context that fits, in steps that people write. */
function context(settings: EngineSettings, trial: Trial): FitSuggestion | null {
  const length = longestThatFits(settings, trial);
  if (length === null) return null;
  const fit = trial.check(changed(settings, { maxModelLen: length }));
  return fit === null
    ? null
    : described({ maxModelLen: length }, `${length.toLocaleString('en')} tokens is about the longest context that fits: ${cacheWords(fit)}.`);
}

function longestThatFits(settings: EngineSettings, trial: Trial): number | null {
  const now = trial.check(settings);
  if (now === null || now.longest.low < 256) return null;
  const step = now.longest.low >= 4_096 ? 1_024 : 256;
  const length = Math.floor(now.longest.low / step) * step;
  if (length < 256 || length >= now.maxModelLen) return null;
  return works(trial.check(changed(settings, { maxModelLen: length }))) ? length : null;
}

function cacheDtype(settings: EngineSettings, trial: Trial): FitSuggestion | null {
  if (settings['kvCacheDtype'] !== undefined && settings['kvCacheDtype'] !== 'auto') return null;
  for (const kvCacheDtype of ['fp8', 'int8_per_token_head']) {
    const fit = trial.check(changed(settings, { kvCacheDtype }));
    if (fit !== null && works(fit))
      return described({ kvCacheDtype }, `Keys and values in 8 bits take half the memory: ${cacheWords(fit)}.`);
  }
  return null;
}

/** More GPUs where memory is short; fewer where the heads cannot be divided. */
function fewerOrMoreGpus(settings: EngineSettings, trial: Trial): FitSuggestion | null {
  const now = settings.tensorParallelSize ?? 1;
  const sizes = [2, 4, 8, 1].filter((size) => size !== now && size <= trial.gpus.length);
  for (const tensorParallelSize of sizes) {
    const fit = trial.check(changed(without(settings, 'gpus'), { tensorParallelSize }));
    if (fit === null || !works(fit)) continue;
    const many = tensorParallelSize === 1 ? 'one GPU' : `${tensorParallelSize} GPUs`;
    return described({ tensorParallelSize }, `On ${many} it fits: ${cacheWords(fit)}.`);
  }
  return null;
}

function sibling(settings: EngineSettings, trial: Trial, model: string): FitSuggestion | null {
  // What belongs to the weights as they are now does not hold for others.
  const fit = trial.check(changed(without(settings, 'quantization', 'revision', 'dtype'), { model }));
  return fit !== null && works(fit)
    ? described({ model }, `The same model in fewer bits fits: ${cacheWords(fit)}.`)
    : null;
}

function utilisationWithContext(settings: EngineSettings, trial: Trial): FitSuggestion | null {
  for (let hundredths = 97; hundredths >= 50; hundredths -= 1) {
    const gpuMemoryUtilization = hundredths / 100;
    const maxModelLen = longestThatFits(changed(settings, { gpuMemoryUtilization }), trial);
    if (maxModelLen === null) continue;
    const fit = trial.check(changed(settings, { gpuMemoryUtilization, maxModelLen }));
    if (fit?.verdict === 'fits')
      return described({ gpuMemoryUtilization, maxModelLen }, `Only both together fit: ${cacheWords(fit)}.`);
  }
  return null;
}

const works = (fit: EngineFit | null): boolean => fit !== null && fit.verdict === 'fits';

function described(settings: Change, why: string): FitSuggestion {
  const change = Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
  return { change, why, settings };
}

function cacheWords({ tokens, maxModelLen }: EngineFit): string {
  const [low, high] = [tokens.low, tokens.high].map((count) => Math.max(0, count).toLocaleString('en'));
  return `${low} to ${high} tokens of cache at a context of ${maxModelLen.toLocaleString('en')}`;
}
