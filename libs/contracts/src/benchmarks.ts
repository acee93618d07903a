/** Benchmarks of a profile: what is measured, what it is compared with, and the commands. Request/reply with model-manager. */

export const BenchmarkSubjects = {
  /** Begins one. Answered at once; how it goes is told by `list` and `get`. */
  start: 'models.v1.benchmarks.start',
  list: 'models.v1.benchmarks.list',
  get: 'models.v1.benchmarks.get',
  /** Ends the one that runs. */
  cancel: 'models.v1.benchmarks.cancel',
} as const;

/** Why it ran: after a switch, after a start with other parameters or another vLLM, or because somebody asked. */
export const BENCHMARK_REASONS = ['switch', 'parameters', 'command'] as const;
export type BenchmarkReason = (typeof BENCHMARK_REASONS)[number];

/**
 * `skipped`: people used the engines, so it did not begin. `stopped`: people came while it ran, or somebody cancelled it.
 * `failed`: requests of it failed.
 */
export const BENCHMARK_STATES = ['running', 'completed', 'skipped', 'stopped', 'failed'] as const;
export type BenchmarkState = (typeof BENCHMARK_STATES)[number];

/** Middle and tail of a duration over the requests of one load. */
export interface Spread {
  p50: number;
  p95: number;
}

/** So many users at once, each with prompts of so many tokens. Seen from where a gateway sits, queue and ledger included. */
export interface BenchmarkLoad {
  users: number;
  /** Asked for: 128 or 2,048. */
  promptTokens: number;
  /** What the engine counted, on average: a prompt of words comes close to its length, not exact. */
  measuredPromptTokens: number;
  requests: number;
  outputTokens: number;
  /** Milliseconds from the request to its first token. */
  ttftMs: Spread;
  /** Milliseconds between tokens of one answer, its first one left out. */
  timePerOutputTokenMs: Spread;
  /** Of all users together, over the whole time of this load. */
  tokensPerSecond: number;
}

/** How the answers to a few fixed questions read: a broken quantization or template shows here before users see it. */
export interface AnswerScore {
  answers: number;
  /** Means over the answers. */
  words: number;
  outputTokens: number;
  /** Part of all four-word sequences that had been said before in the same answer: 0 none, near 1 for a loop. */
  repetition: number;
  /** 0 to 100, higher is easier: Flesch's reading ease for Latin script, an estimate by sentence length for others. */
  readability: number;
  /** Part of the characters that are letters, digits, punctuation or spaces: far below 1 is garbage. */
  cleanText: number;
  /** Answers in which repetition or garbage is beyond what a working model writes. */
  suspicious: number;
}

export const BENCHMARK_METRICS = ['ttftMs', 'timePerOutputTokenMs', 'tokensPerSecond'] as const;
export type BenchmarkMetric = (typeof BENCHMARK_METRICS)[number];

export interface BenchmarkChange {
  metric: BenchmarkMetric;
  users: number;
  promptTokens: number;
  before: number;
  after: number;
  /** Positive is better, whatever the metric. */
  betterPercent: number;
  /** Worse by more than the threshold (15 % by default). */
  regression: boolean;
}

export interface BenchmarkComparison {
  /** The completed one before it of the same profile. */
  previousId: string;
  previousEndedAt: number;
  changes: BenchmarkChange[];
  regressions: number;
}

export interface BenchmarkRun {
  id: string;
  profile: string;
  /** The name that the engine answers to. */
  model: string;
  /** Of the engines' settings and version: another one means other parameters. */
  fingerprint: string;
  reason: BenchmarkReason;
  state: BenchmarkState;
  /** Of one that is skipped, stopped or failed: why, in a sentence. */
  why: string | null;
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt: number | null;
  /** Those that were measured so far. */
  loads: BenchmarkLoad[];
  /** Loads in all. */
  plannedLoads: number;
  answers: AnswerScore | null;
  comparison: BenchmarkComparison | null;
}

export interface BenchmarkStart {
  /** The one in force where it is absent; another one is refused: it would have to be switched to first. */
  profile?: string | undefined;
}

export interface BenchmarkStarted {
  benchmarkId: string;
}

export interface BenchmarkQuery {
  profile?: string | undefined;
}

export interface BenchmarkList {
  items: BenchmarkRun[];
  nextCursor: null;
}
