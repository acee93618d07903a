/** Profiles and whether they fit: request/reply with model-manager. */
import type { FitMessage } from './fit-texts';

export const ProfileSubjects = {
  list: 'models.v1.profiles.list',
  get: 'models.v1.profiles.get',
  check: 'models.v1.profiles.check',
} as const;

/** Whether an engine would start: surely, only with luck (some boots would fail), or not. */
export type FitVerdict = 'fits' | 'tight' | 'no';

/** Lowest and highest that a boot is expected to give. */
export type FitRange = [low: number, high: number];

export interface FitSuggestion {
  /** What to change, in the words of the profile: `gpuMemoryUtilization: 0.74`. */
  change: string;
  /** What it brings. It was checked: with it the profile fits. */
  why: string;
  whyMessage: FitMessage;
  /** The changed settings, to be put over the engine's. */
  settings: Record<string, string | number | boolean>;
  /** Settings of the engine that go with it: GPUs that were pinned, the quantization of other weights. */
  removes: string[];
  /** Index of the engine in the profile that it is for. */
  engine: number;
}

/** One GPU of an engine, in GiB. */
export interface GpuFit {
  index: number;
  name: string;
  /** Index of the engine in the profile. */
  engine: number;
  totalGib: number;
  /** What is free on it now; for a what-if, what was given or an idle card. */
  freeGib: number;
  /** vLLM's budget: total times utilisation. */
  budgetGib: number;
  weightsGib: FitRange;
  kvCacheGib: FitRange;
  activationGib: FitRange;
  cudaGraphGib: FitRange;
  /** Libraries' workspaces and NCCL's buffers: inside of the budget, but in no other figure here. */
  runtimeGib: FitRange;
  /** CUDA's context: outside of the budget. */
  outsideGib: FitRange;
}

/** Where a prediction comes from an earlier boot. */
export interface FitCalibration {
  /** Of the boot that it starts from. */
  vllmVersion: string;
  measuredAt: number;
  boots: number;
  kvCacheGib: number;
  kvCacheTokens: number;
  /** What the check without calibration had said of that boot: off by so many percent, and whether that is over 5. */
  errorPercent: number;
  off: boolean;
  /** Its kernels were compiled in that boot: a later one may have more cache. */
  coldCompile: boolean;
  /** `kvCacheMemoryBytes` to pin in the profile, so that every boot gives this cache. */
  suggestedKvCacheMemoryBytes: number;
}

export interface FitAnswer {
  verdict: FitVerdict;
  /** One sentence. */
  reason: string;
  reasonMessage: FitMessage;
  suggestions: FitSuggestion[];
  /** Tokens of cache, of all engines together. */
  kvCacheTokens: FitRange;
  /** Requests of full length at once, of all engines together. */
  maxConcurrency: FitRange;
  /** The longest request that one engine takes, up to `maxModelLen`. */
  contextTokens: FitRange;
  maxModelLen: number;
  gpus: GpuFit[];
  /** False when nothing is known of the model: then there is no figure, and the reason says so. */
  described: boolean;
  /** What an operator should know besides: FP8 that runs weight-only, a context length that was cut. */
  notes: string[];
  /** The notes in the same order. */
  noteMessages: FitMessage[];
  calibration: FitCalibration | null;
}

/** A profile as the API shows it. */
export interface ProfileView {
  name: string;
  title: string;
  description: string;
  aliases: string[];
  defaults: Record<string, unknown>;
  fallbacks: string[];
  engines: Record<string, unknown>[];
  /** True for the one in force. */
  active: boolean;
  fit: FitAnswer;
}

/** A file in the folder of profiles that is not in force, and why. */
export interface RefusedProfile {
  file: string;
  line: number | null;
  reason: string;
  /** True when an earlier, good version of it is still in force. */
  keptOld: boolean;
}

export interface ProfileList {
  items: ProfileView[];
  nextCursor: null;
  refused: RefusedProfile[];
}

/** The body of POST /api/profiles/check, unchecked: model-manager refuses what is wrong in it. */
export interface FitQuestion {
  profile: unknown;
  hardware?: unknown;
  modelConfig?: unknown;
  checkpointBytes?: unknown;
}
