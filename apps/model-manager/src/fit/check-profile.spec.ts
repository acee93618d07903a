import { join } from 'node:path';
import type { FitAnswer } from '#contracts/profiles';
import { ModelFacts } from '../profiles/model-facts';
import type { EngineSettings, Profile } from '../profiles/profile';
import { checkProfile, type FitContext } from './check-profile';
import type { FitGpu } from './fit-model';

const facts = new ModelFacts(join(__dirname, '../../../../models'));

const card = (index: number, gpu: Partial<FitGpu> = {}): FitGpu => ({
  index,
  uuid: null,
  name: 'NVIDIA GeForce RTX 3090',
  totalMib: 24_576,
  freeMib: null,
  computeCapability: null,
  ...gpu,
});

const on = (...gpus: FitGpu[]): FitContext => ({
  hardware: { gpus },
  lookup: (id) => facts.find(id),
  siblings: (id) => facts.siblings(id),
  measured: () => null,
});

const TWO_3090 = on(card(0), card(1));
const profile = (...engines: EngineSettings[]): Profile => ({
  name: 'p',
  aliases: [],
  defaults: {},
  fallbacks: [],
  engines,
});
const check = (engine: object, context = TWO_3090): FitAnswer =>
  checkProfile(profile(engine as EngineSettings), context);

const R1 = {
  model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B',
  dtype: 'float16',
  tensorParallelSize: 2,
  maxModelLen: 8192,
};

describe('the fit check', () => {
  it('refuses the often-quoted utilisation of 0.55, which cannot hold the weights, and names the smallest that works', () => {
    const answer = check({ ...R1, gpuMemoryUtilization: 0.55 });
    expect(answer.verdict).toBe('no');
    expect(answer.reason).toMatch(/0\.55 of GPU 0 is 12\.96 GiB, less than the 13\.\d\d GiB of weights/);
    const [smallest] = answer.suggestions;
    expect(smallest?.change).toMatch(/^gpuMemoryUtilization: 0\.\d+$/);
    const works = Number(smallest?.settings['gpuMemoryUtilization']);
    expect(check({ ...R1, gpuMemoryUtilization: works }).verdict).toBe('fits');
    expect(check({ ...R1, gpuMemoryUtilization: Math.round(works * 100 - 1) / 100 }).verdict).not.toBe('fits');
  });

  it('says for each GPU what the engine takes there, and that the parts are the budget', () => {
    const answer = check({ ...R1, gpuMemoryUtilization: 0.9 });
    expect(answer).toMatchObject({
      verdict: 'fits',
      maxModelLen: 8192,
      suggestions: [],
      described: true,
      calibration: null,
    });
    expect(answer.gpus.map(({ index }) => index)).toEqual([0, 1]);
    for (const gpu of answer.gpus) {
      expect(gpu.totalGib).toBe(23.56);
      expect(gpu.budgetGib).toBeCloseTo(21.2, 1);
      expect(gpu.weightsGib[0]).toBeGreaterThan(13.7);
      expect(gpu.weightsGib[1]).toBeLessThan(14.1);
      expect(gpu.kvCacheGib[1] - gpu.kvCacheGib[0]).toBeLessThanOrEqual(1.4);
    }
    // 48 layers, 4 KV heads a GPU, 128 elements of key and value, 2 bytes: 98,304 bytes a token.
    const [low, high] = answer.gpus[0]!.kvCacheGib;
    expect(answer.kvCacheTokens[0]).toBeGreaterThan((low * 2 ** 30) / 98_304 - 800);
    expect(answer.kvCacheTokens[1]).toBeLessThan((high * 2 ** 30) / 98_304 + 800);
  });

  it('counts what the desktop holds: vLLM refuses to start when less is free than its budget', () => {
    const busy = on(card(0, { freeMib: 20_000 }), card(1));
    const answer = check({ ...R1, gpuMemoryUtilization: 0.9 }, busy);
    expect(answer.verdict).toBe('no');
    expect(answer.reason).toMatch(/only 19\.\d\d GiB of 23\.56 GiB are free/);
    expect(answer.suggestions.map(({ change }) => change)[0]).toMatch(/^gpuMemoryUtilization: 0\.7\d?$/);
  });

  it.each([
    [{ tensorParallelSize: 3 }, 3, /attention heads \(40\) must be divisible by tensor parallel size \(3\)/],
    [{ maxModelLen: 1_000_000 }, 2, /greater than the 131,072/],
    [{ kvCacheDtype: 'fp7' }, 2, /no KV cache dtype/],
    [{ kvCacheDtype: 'nvfp4' }, 2, /compute capability 10\.0/],
    [{ kvCacheDtype: 'fp8_per_token_head' }, 2, /8\.9/],
    [{ maxModelLen: 'long' }, 2, /maxModelLen must be a number of tokens/],
    [{ gpus: [5] }, 2, /asks for GPU 5/],
    [{ tensorParallelSize: 4 }, 2, /needs 4 GPUs/],
  ] as const)('refuses what vLLM refuses: %j', (settings, cards, reason) => {
    const host = on(...Array.from({ length: cards }, (_, index) => card(index)));
    const answer = check({ ...R1, ...settings }, host);
    expect([answer.verdict, answer.reason]).toEqual(['no', expect.stringMatching(reason)]);
  });

  it('knows what old cards cannot do', () => {
    const old = on(card(0, { name: 'Tesla T4', totalMib: 15_360 }));
    const answer = check({ model: 'Qwen/Qwen2.5-0.5B-Instruct', dtype: 'bfloat16', maxModelLen: 2048 }, old);
    expect([answer.verdict, answer.reason]).toEqual(['no', expect.stringMatching(/bfloat16 needs .* 8\.0 .* 7\.5/)]);
    expect(check({ model: 'Qwen/Qwen2.5-0.5B-Instruct', maxModelLen: 2048 }, old).verdict).toBe('fits');
  });

  it('suggests what makes it fit, and each suggestion does', () => {
    const engine = { model: 'Qwen/Qwen2.5-Coder-32B-Instruct', maxModelLen: 16_384, tensorParallelSize: 2 };
    const answer = check(engine);
    expect(answer.verdict).toBe('no');
    expect(answer.suggestions.map(({ change }) => change)).toContain('model: Qwen/Qwen2.5-Coder-32B-Instruct-AWQ');
    for (const { settings } of answer.suggestions) expect(check({ ...engine, ...settings }).verdict).toBe('fits');
  });

  it('says what goes with a suggestion: pinned GPUs, the dtype of other weights', () => {
    const engine = { model: 'Qwen/Qwen2.5-Coder-14B-Instruct', dtype: 'bfloat16', maxModelLen: 8_192, gpus: [1] };
    const { suggestions } = check(engine);
    const removed = new Map(suggestions.map(({ change, removes }) => [change.split(':')[0], removes]));
    expect(removed.get('tensorParallelSize')).toEqual(['gpus']);
    expect(removed.get('model')).toEqual(['dtype']);
    for (const { settings, removes } of suggestions) {
      const kept = Object.entries(engine).filter(([name]) => !removes.includes(name));
      expect(check({ ...Object.fromEntries(kept), ...settings }).verdict).toBe('fits');
    }
  });

  it('shrinks the context, or halves the cache, where the cache is what is missing', () => {
    const answer = check({ model: 'Qwen/Qwen3-14B-AWQ', maxModelLen: 40_960, gpuMemoryUtilization: 0.7 });
    expect(answer.verdict).toBe('no');
    const changes = answer.suggestions.map(({ change }) => change.split(':')[0]);
    expect(changes).toEqual(
      expect.arrayContaining(['gpuMemoryUtilization', 'maxModelLen', 'kvCacheDtype', 'tensorParallelSize']),
    );
    expect(answer.contextTokens[0]).toBeLessThan(40_960);
  });

  it('gives engines that share a GPU only what is left of it', () => {
    const half = { model: 'Qwen/Qwen2.5-0.5B-Instruct', maxModelLen: 4096, gpus: [0], gpuMemoryUtilization: 0.4 };
    expect(checkProfile(profile(half, half), TWO_3090).verdict).toBe('fits');
    const greedy = checkProfile(profile({ ...half, gpuMemoryUtilization: 0.7 }, half), TWO_3090);
    expect([greedy.verdict, greedy.reason]).toEqual(['no', expect.stringMatching(/^Engine 1: .* are free/)]);
  });

  it('says so when nothing is known of the model, instead of guessing', () => {
    const answer = check({ model: 'nobody/knows-this' });
    expect(answer).toMatchObject({ verdict: 'no', described: false, gpus: [], kvCacheTokens: [0, 0], suggestions: [] });
    expect(answer.reason).toMatch(/Nothing is known of the model nobody\/knows-this/);
  });

  it('takes a pinned cache as it is', () => {
    const answer = check({ ...R1, kvCacheMemoryBytes: 4 * 2 ** 30 });
    expect(answer.gpus[0]?.kvCacheGib).toEqual([4, 4]);
    expect(answer.verdict).toBe('fits');
    expect(check({ ...R1, kvCacheMemoryBytes: '20G' }).verdict).toBe('no');
  });

  it('knows that a window and a hybrid need less cache than as many full layers', () => {
    const tokens = (model: string): number =>
      check({ model, tensorParallelSize: 2, maxModelLen: 32_768 }).kvCacheTokens[0];
    expect(tokens('LGAI-EXAONE/EXAONE-4.0-32B-AWQ')).toBeGreaterThan(2 * tokens('Qwen/Qwen3-32B-AWQ'));
    expect(tokens('cyankiwi/Qwen3.6-27B-AWQ-INT4')).toBeGreaterThan(2 * tokens('Qwen/Qwen3-32B-AWQ'));
  });

  it('tells of FP8 weights on a 3090 that they run weight-only', () => {
    const answer = check({ model: 'Qwen/Qwen3-8B', quantization: 'fp8', maxModelLen: 8192 });
    expect(answer.verdict).toBe('fits');
    expect(answer.notes.join()).toMatch(/weight-only through Marlin/);
  });
});
