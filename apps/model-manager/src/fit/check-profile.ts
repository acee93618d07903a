import type { FitMessage } from '#contracts/fit-texts';
import type { FitAnswer, FitCalibration, FitSuggestion, GpuFit } from '#contracts/profiles';
import type { EngineSettings, Profile } from '../profiles/profile';
import { checkEngine, type EngineFit } from './check-engine';
import { chooseGpus } from './choose-gpus';
import { draftModel, EngineSettingError } from './engine-plan';
import type { FitGpu, FitHardware, MeasuredBoot, ModelLookup } from './fit-model';
import { gpuFigures, type GpuFigures } from './gpu-figures';
import { inEnglish, say, type Said } from './say';
import { suggest } from './suggest';
import { gib, MIB, toGib } from './units';

export interface FitContext {
  hardware: FitHardware;
  lookup: ModelLookup;
  /** Ids of other models with the same shape in fewer bits. */
  siblings: (id: string) => readonly string[];
  /** An earlier boot of this engine on this host. */
  measured: (engine: EngineSettings, index: number) => Calibrated | null;
}

export interface Calibrated {
  boot: MeasuredBoot;
  calibration: FitCalibration;
}

interface CheckedEngine {
  index: number;
  fit: EngineFit;
  calibration: FitCalibration | null;
}

/**
 * Whether a profile fits on a host, and what it gets there. Pure: everything it needs is handed in.
 * Engines are taken in order; one that shares a GPU with an earlier one finds what that leaves.
 */
export function checkProfile(profile: Profile, context: FitContext): FitAnswer {
  const taken = new Map<number, number>();
  const checked: CheckedEngine[] = [];
  for (const [index, settings] of profile.engines.entries()) {
    const step = checkOne(settings, index, context, taken);
    if (step.kind === 'refused')
      return refused(step.reason, step.described, step.described ? suggestFor(settings, index, context, taken) : []);
    checked.push(step.checked);
    for (const { gpu, budget } of step.checked.fit.memory)
      taken.set(gpu.index, (taken.get(gpu.index) ?? 0) + budget / MIB);
    if (step.checked.fit.verdict === 'no') break;
  }
  return answer(profile, checked, context, taken);
}

type Step = { kind: 'checked'; checked: CheckedEngine } | { kind: 'refused'; reason: Said; described: boolean };

/** @param taken MiB that earlier engines of the profile hold, by GPU. */
function checkOne(
  settings: EngineSettings,
  index: number,
  context: FitContext,
  taken: ReadonlyMap<number, number>,
): Step {
  const knowledge = context.lookup(settings.model);
  if (knowledge.kind === 'unknown') return { kind: 'refused', reason: knowledge.why, described: false };
  const draft = draftModel(settings);
  if (draft !== null)
    return {
      kind: 'refused',
      reason: say('draft_model_unknown', { model: draft }),
      described: false,
    };
  try {
    const choice = chooseGpus(settings, gpusNeeded(settings), context.hardware);
    if (choice.kind === 'missing') return { kind: 'refused', reason: choice.reason, described: true };
    const [first, ...rest] = choice.gpus;
    const figures = (gpu: FitGpu): GpuFigures => gpuFigures(lessTaken(gpu, taken.get(gpu.index) ?? 0));
    const calibrated = context.measured(settings, index);
    const fit = checkEngine(
      settings,
      knowledge.shape,
      [figures(first), ...rest.map(figures)],
      calibrated?.boot ?? null,
    );
    return { kind: 'checked', checked: { index, fit, calibration: calibrated?.calibration ?? null } };
  } catch (error) {
    if (error instanceof EngineSettingError)
      return {
        kind: 'refused',
        reason: say('wrong_setting', { engine: index, setting: error.setting, problem: error.message }),
        described: true,
      };
    throw error;
  }
}

/** The verdict of one engine with other settings, for what is suggested. */
function tryOut(
  settings: EngineSettings,
  index: number,
  context: FitContext,
  taken: ReadonlyMap<number, number>,
): EngineFit | null {
  const step = checkOne(settings, index, context, taken);
  return step.kind === 'checked' ? step.checked.fit : null;
}

function suggestFor(
  settings: EngineSettings,
  index: number,
  context: FitContext,
  taken: ReadonlyMap<number, number>,
): FitSuggestion[] {
  const changes = suggest(settings, {
    check: (changed) => tryOut(changed, index, context, taken),
    siblings: context.siblings(settings.model),
    gpus: context.hardware.gpus,
  });
  return changes.map(({ why, ...change }) => {
    const whyMessage = { ...why, engine: null };
    return { ...change, why: inEnglish(whyMessage), whyMessage, engine: index };
  });
}

function answer(
  profile: Profile,
  checked: readonly CheckedEngine[],
  context: FitContext,
  taken: Map<number, number>,
): FitAnswer {
  const worst = checked.reduce<CheckedEngine | undefined>(
    (least, next) => (least === undefined || rank(next.fit) < rank(least.fit) ? next : least),
    undefined,
  );
  if (worst === undefined) return refused(say('no_engine'), true, []);
  for (const { gpu, budget } of worst.fit.memory) taken.set(gpu.index, (taken.get(gpu.index) ?? 0) - budget / MIB);
  const settings = profile.engines[worst.index];
  const help = worst.fit.verdict === 'fits' || settings === undefined;
  const total = (pick: (fit: EngineFit) => number): number => checked.reduce((sum, { fit }) => sum + pick(fit), 0);
  const least = (pick: (fit: EngineFit) => number): number => Math.min(...checked.map(({ fit }) => pick(fit)));
  const failed = worst.fit.verdict === 'no';
  const several = checked.length > 1 || profile.engines.length > 1;
  const reasonMessage = { ...worst.fit.reason, engine: several ? worst.index : null };
  const notes = notesOf(checked);
  return {
    verdict: worst.fit.verdict,
    reason: inEnglish(reasonMessage),
    reasonMessage,
    suggestions: help ? [] : suggestFor(settings, worst.index, context, taken),
    kvCacheTokens: failed
      ? rangeOf(worst.fit.tokens)
      : [total((fit) => fit.tokens.low), total((fit) => fit.tokens.high)],
    maxConcurrency: [rounded(total((fit) => fit.concurrency.low)), rounded(total((fit) => fit.concurrency.high))],
    contextTokens: [least((fit) => fit.longest.low), least((fit) => fit.longest.high)],
    maxModelLen: least((fit) => fit.maxModelLen),
    gpus: checked.flatMap((engine) => gpusOf(engine)),
    described: true,
    notes: [...notes.keys()],
    noteMessages: [...notes.values()],
    calibration: checked.find(({ calibration }) => calibration !== null)?.calibration ?? null,
  };
}

function gpusOf({ index, fit }: CheckedEngine): GpuFit[] {
  return fit.memory.map(({ gpu, budget, ...parts }) => ({
    index: gpu.index,
    name: gpu.name,
    engine: index,
    totalGib: toGib(gpu.totalBytes),
    freeGib: toGib(gpu.shownFreeBytes),
    budgetGib: toGib(budget),
    weightsGib: gib(parts.weights),
    kvCacheGib: gib(parts.kvCache),
    activationGib: gib(parts.activation),
    cudaGraphGib: gib(parts.graphs),
    runtimeGib: gib(parts.runtime),
    outsideGib: gib(parts.outside),
  }));
}

/** By their sentence: two engines may have the same one. */
function notesOf(checked: readonly CheckedEngine[]): Map<string, FitMessage> {
  const all = checked.flatMap(({ fit, calibration }) => [...fit.notes, ...calibrationNotes(calibration)]);
  const messages = all.map((note) => ({ ...note, engine: null }));
  return new Map(messages.map((message) => [inEnglish(message), message]));
}

function calibrationNotes(calibration: FitCalibration | null): Said[] {
  if (calibration === null) return [];
  const notes: Said[] = [
    say('from_a_boot', { version: calibration.vllmVersion, bytes: calibration.suggestedKvCacheMemoryBytes }),
  ];
  if (calibration.coldCompile) notes.push(say('from_a_cold_boot'));
  if (calibration.off)
    notes.push(
      say(calibration.errorPercent > 0 ? 'was_too_large' : 'was_too_small', {
        percent: Math.abs(calibration.errorPercent),
      }),
    );
  return notes;
}

/** An answer without figures: there is nothing to calculate with. */
export function refused(reason: Said, described: boolean, suggestions: FitSuggestion[]): FitAnswer {
  const reasonMessage = { ...reason, engine: null };
  return {
    verdict: 'no',
    reason: inEnglish(reasonMessage),
    reasonMessage,
    suggestions,
    kvCacheTokens: [0, 0],
    maxConcurrency: [0, 0],
    contextTokens: [0, 0],
    maxModelLen: 0,
    gpus: [],
    described,
    notes: [],
    noteMessages: [],
    calibration: null,
  };
}

/** Tensor, pipeline and data parallel sizes multiplied; what is no number is refused later, with its name. */
function gpusNeeded(settings: EngineSettings): number {
  return ['tensorParallelSize', 'pipelineParallelSize', 'dataParallelSize'].reduce((needed, name) => {
    const size = Number(settings[name] ?? 1);
    return Number.isSafeInteger(size) && size > 0 && size <= 1_024 ? needed * size : needed;
  }, 1);
}

function lessTaken(gpu: FitGpu, takenMib: number): FitGpu {
  if (takenMib === 0) return gpu;
  return { ...gpu, freeMib: Math.max(0, Math.floor((gpu.freeMib ?? gpu.totalMib) - takenMib)) };
}

const RANK = { no: 0, tight: 1, fits: 2 } as const;
const rank = ({ verdict }: EngineFit): number => RANK[verdict];
const rounded = (value: number): number => Math.round(value * 100) / 100;
const rangeOf = ({ low, high }: { low: number; high: number }): [number, number] => [low, high];
