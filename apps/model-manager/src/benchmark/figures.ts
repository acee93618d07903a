/** From the requests of one load to its figures. Pure. */
import type { BenchmarkLoad, Spread } from '#contracts/benchmarks';

/** One answered request; monotonic milliseconds since it was sent. */
export interface RequestSample {
  firstTokenMs: number;
  lastTokenMs: number;
  promptTokens: number;
  outputTokens: number;
}

export interface LoadShape {
  users: number;
  promptTokens: number;
}

/** @param wallMs from the first request of the load to the end of its last. */
export function loadFigures(shape: LoadShape, samples: readonly RequestSample[], wallMs: number): BenchmarkLoad {
  const outputTokens = samples.reduce((sum, sample) => sum + sample.outputTokens, 0);
  const promptTokens = samples.reduce((sum, sample) => sum + sample.promptTokens, 0);
  return {
    ...shape,
    measuredPromptTokens: samples.length === 0 ? 0 : Math.round(promptTokens / samples.length),
    requests: samples.length,
    outputTokens,
    ttftMs: spread(samples.map(({ firstTokenMs }) => firstTokenMs)),
    timePerOutputTokenMs: spread(samples.flatMap(timePerOutputToken)),
    tokensPerSecond: wallMs <= 0 ? 0 : round((outputTokens / wallMs) * 1_000),
  };
}

/** The first token is the prefill's; an answer of one token says nothing of the pace. */
function timePerOutputToken({ firstTokenMs, lastTokenMs, outputTokens }: RequestSample): number[] {
  return outputTokens < 2 ? [] : [(lastTokenMs - firstTokenMs) / (outputTokens - 1)];
}

/** By nearest rank. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (part: number): number => round(sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p95: at(0.95) };
}

const round = (value: number): number => Math.round(value * 100) / 100;
