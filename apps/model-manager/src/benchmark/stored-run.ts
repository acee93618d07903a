import { BENCHMARK_METRICS, BENCHMARK_REASONS, BENCHMARK_STATES, type BenchmarkRun } from '#contracts/benchmarks';
import { z } from 'zod';

const spread = z.object({ p50: z.number(), p95: z.number() });
const load = z.object({
  users: z.int(),
  promptTokens: z.int(),
  measuredPromptTokens: z.number(),
  requests: z.int(),
  outputTokens: z.int(),
  ttftMs: spread,
  timePerOutputTokenMs: spread,
  tokensPerSecond: z.number(),
});
const answers = z.object({
  answers: z.int(),
  words: z.number(),
  outputTokens: z.number(),
  repetition: z.number(),
  readability: z.number(),
  cleanText: z.number(),
  suspicious: z.int(),
});
const change = z.object({
  metric: z.enum(BENCHMARK_METRICS),
  users: z.int(),
  promptTokens: z.int(),
  before: z.number(),
  after: z.number(),
  betterPercent: z.number(),
  regression: z.boolean(),
});
const runSchema = z.object({
  id: z.string(),
  profile: z.string(),
  model: z.string(),
  fingerprint: z.string(),
  reason: z.enum(BENCHMARK_REASONS),
  state: z.enum(BENCHMARK_STATES),
  why: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  loads: z.array(load),
  plannedLoads: z.int(),
  answers: answers.nullable(),
  comparison: z
    .object({
      previousId: z.string(),
      previousEndedAt: z.number(),
      changes: z.array(change),
      regressions: z.int(),
    })
    .nullable(),
});

/** A benchmark as it is kept; null for one of another version, which cannot be compared with. */
export function parseRun(document: unknown): BenchmarkRun | null {
  return runSchema.safeParse(document).data ?? null;
}
