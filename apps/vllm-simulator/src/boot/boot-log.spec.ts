import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFlags } from '../cli/parse-flags';
import { serveOptions } from '../cli/serve-options';
import { readConfig } from '../config';
import { banner, earlySteps, loadSteps, readySteps } from './boot-log';
import { VllmLog } from './log';
import { planMemory } from './memory-plan';

function bootLog(format: 'merged' | 'split'): string[] {
  const options = serveOptions(parseFlags(['Qwen/Qwen3-8B', '--max-model-len', '8192']));
  const plan = planMemory(options, readConfig({}));
  if ('kind' in plan) throw new Error(plan.message);
  let text = '';
  const sink = { out: (part: string) => (text += part), err: (part: string) => (text += part) };
  const log = new VllmLog(sink, 100, 1);
  banner(log, options);
  const steps = [
    ...earlySteps(options, plan),
    ...loadSteps(options, plan, 10),
    ...readySteps(options, plan, format, 10),
  ];
  for (const step of steps) step.say(log);
  expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).toSorted((a, b) => a - b));
  return text.trimEnd().split('\n');
}

/** Positions of the lines that match; -1 where none does. */
const places = (lines: readonly string[], patterns: readonly RegExp[]): number[] =>
  patterns.map((pattern) => lines.findIndex((line) => pattern.test(line)));

const MILESTONES = [
  /Initializing a V1 LLM engine \(v0\.32\.0\) with config/,
  /Starting to load model Qwen\/Qwen3-8B\.\.\./,
  /Loading safetensors checkpoint shards: {3}0% Completed \| 0\/\d/,
  /Loading safetensors checkpoint shards: 100% Completed/,
  /Loading weights took \d+\.\d\d seconds/,
  /Model loading took [\d.]+ GiB memory and [\d.]+ seconds/,
  /torch\.compile took [\d.]+ s in total/,
  /Available KV cache memory: [\d.]+ GiB/,
  /GPU KV cache size: [\d,]+ tokens/,
  /Capturing CUDA graphs .* 67\/67/,
  /Graph capturing finished in \d+ secs, took [\d.]+ GiB/,
  /init engine \(profile, create kv cache, warmup model\) took [\d.]+ s/,
  /Starting vLLM server on http:\/\/0\.0\.0\.0:8000/,
];

describe('the boot log', () => {
  it('tells the milestones in the order of a GPU boot', () => {
    const found = places(bootLog('merged'), MILESTONES);
    expect(found).not.toContain(-1);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
  });

  it('says size and concurrency in one line, or in two as before 2026-08', () => {
    const merged = bootLog('merged').filter((line) => /KV cache size|Maximum concurrency/.test(line));
    expect(merged).toHaveLength(1);
    expect(merged[0]).toMatch(/tokens, Maximum concurrency for 8,192 tokens per request: [\d.]+x$/);
    expect(bootLog('split').filter((line) => /KV cache size|Maximum concurrency/.test(line))).toHaveLength(2);
  });

  it('has the form of the recorded lines', () => {
    const file = join(__dirname, '../../../../libs/testing/recordings/logs/startup-cpu-compile-cold.log');
    const form = (line: string): string => line.replace(/pid=\d+/, 'pid=N').replace(/\d\d-\d\d \d\d:\d\d:\d\d/, 'TIME');
    const recorded = readFileSync(file, 'utf8').split('\n').map(form);
    const own = bootLog('merged').map(form);
    for (const line of [
      'Resolved architecture: Qwen2ForCausalLM',
      "Supported tasks: ['generate']",
      'Available routes are:',
    ]) {
      const theirs = recorded.find((other) => other.includes(line));
      expect(own).toContain(theirs);
    }
  });
});
