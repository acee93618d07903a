import { join } from 'node:path';
import { checkEngine } from './check-engine';
import { planEngine, type EnginePlan } from './engine-plan';
import { gpuFigures, type GpuFigures } from './gpu-figures';
import { planKvCache, type KvPlan } from './kv/kv-plan';
import type { ModelShape } from './model/model-shape';
import { bytesPerWeight, onTheFly, readQuantization } from './model/quantization';
import { ConfigReader } from './model/config-reader';
import { bootModel } from './testing/boots';
import { GIB } from './units';
import { weightsPerGpu } from './weights';

const ROOT = join(__dirname, '../../../..');
const TESTING = join(__dirname, 'testing');
const model = (name: string): ModelShape => bootModel(name, TESTING, join(ROOT, 'models'));
const H200 = { name: 'H200', totalBytes: 139 * GIB, computeCapability: 9 };
const plan = (shape: ModelShape, settings: object = {}): EnginePlan =>
  planEngine({ model: 'm', ...settings }, shape, H200);
const cache = (name: string, settings: object = {}): KvPlan => {
  const shape = model(name);
  return planKvCache(shape, plan(shape, settings))!;
};

/** Each figure is worked out by hand from config.json and vLLM's rules, or stands in a boot log. */
describe('the fit check agrees with what is worked out by hand', () => {
  it.each([
    ['GQA: 32 layers x 8 heads x 128 x K and V x 2 bytes', 'llama-3.1-8b', {}, 131_072],
    ['its half on each of two GPUs', 'llama-3.1-8b', { tensorParallelSize: 2 }, 65_536],
    ['one head at least, where there are more GPUs than heads', 'llama-3.1-8b', { tensorParallelSize: 16 }, 16_384],
    ['half in 8 bits', 'llama-3.1-8b', { kvCacheDtype: 'fp8' }, 65_536],
    ['many heads as many KV heads: 32 x 32 x 80 x 2 x 2', 'opt-2.7b', {}, 327_680],
    ['two KV groups of ChatGLM: 40 x 2 x 128 x 2 x 2', 'glm-4-9b-chat', {}, 40_960],
    ['MLA: 61 x (512 + 64) x 2', 'deepseek-r1', {}, 70_272],
    ['MLA is whole on each of eight GPUs', 'deepseek-r1', { tensorParallelSize: 8 }, 70_272],
  ])('bytes of cache a token: %s', (_, name, settings, expected) => {
    const { bytesPerBlock, blockSize } = cache(name, settings);
    expect(bytesPerBlock / blockSize).toBe(expected);
  });

  it.each([
    // (1,023 + 16,384) / 16 + 1 blocks in each of five groups with a window, 256,000 / 32 in the one without: 1.12x of 15,008.
    ['windows of 1,024 beside full layers', 'gemma-4-26b-a4b-modelopt', 16_384, 256_000, 5 * 1_089 + 8_000],
    // 6.73x of 27,165.
    ['the same with smaller steps', 'gemma-4-26b-a4b-nvfp4', 2_048, 98_304, 5 * 193 + 3_072],
    // 12 layers see everything, 12 a window of 128.
    ['a window of 128 on every other layer', 'gpt-oss-20b', 2_048, 131_072, 8_192 + 137],
  ])('blocks of a request: %s', (_, name, maxNumBatchedTokens, length, expected) => {
    const settings = { maxNumBatchedTokens, asyncScheduling: false, kvCacheDtype: 'fp8' };
    expect(cache(name, settings).blocksPerRequest(length)).toBe(expected);
  });

  it.each([
    ['Qwen3.6-35B-A3B', 'qwen3.6-35b-a3b-nvfp4', 2_096],
    ['Qwen3.6-27B', 'qwen3.6-27b-text-nvfp4', 1_568],
  ])('block size of a hybrid whose state fills a page, as its log says: %s', (_, name, expected) => {
    expect(cache(name, { kvCacheDtype: 'fp8' }).blockSize).toBe(expected);
  });

  it.each([
    ['tied embeddings count once', 'qwen3-0.6b', 596_049_920],
    ['of a small model without a tie', 'qwen3-8b', 8_190_735_360],
    // The up projection of MLA (kv_b) is held twice.
    ['a mixture with MLA, its layer for drafting apart', 'deepseek-r1', 671_026_419_200 + 61 * 512 * 128 * 256],
  ])('parameters: %s', (_, name, expected) => {
    const { mtp, ...parts } = model(name).parameters;
    const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
    expect(mtp > 0).toBe(name === 'deepseek-r1');
    expect(Math.abs(total - expected) / expected).toBeLessThan(0.001);
  });

  it.each([
    [
      'AWQ: 4 bits, a scale and a zero point for 128',
      { quant_method: 'awq', bits: 4, group_size: 128, zero_point: true },
      0.5 + 2 / 128 + 0.5 / 128,
    ],
    ['GPTQ: 4 bits and a scale for 128', { quant_method: 'gptq', bits: 4, group_size: 128 }, 0.5 + 2 / 128],
    ['GPTQ in 8 bits', { quant_method: 'gptq', bits: 8, group_size: 128 }, 1 + 2 / 128],
    [
      'FP8: a scale of 4 bytes for 128 x 128',
      { quant_method: 'fp8', weight_block_size: [128, 128] },
      1 + 4 / 128 / 128,
    ],
    ['MXFP4: a byte for 32', { quant_method: 'mxfp4' }, 0.5 + 1 / 32],
    ['NVFP4: a byte for 16', { quant_method: 'modelopt', quant_algo: 'NVFP4' }, 0.5 + 1 / 16],
    [
      'compressed-tensors, 8 bits float',
      { quant_method: 'compressed-tensors', config_groups: { group_0: { weights: { num_bits: 8, type: 'float' } } } },
      1,
    ],
  ])('bytes of a weight: %s', (_, quantization_config, expected) => {
    expect(bytesPerWeight(readQuantization(new ConfigReader({ quantization_config }))!)).toBeCloseTo(expected, 6);
  });

  it('quantizes to 4 bits while it loads what a flag says, but not embeddings: 2.07 GiB of Qwen2.5-3B in a boot', () => {
    expect(onTheFly('bitsandbytes')).toMatchObject({ bits: 4 });
    const shape = model('qwen2.5-3b');
    const { low, high } = weightsPerGpu(shape, plan(shape, { quantization: 'bitsandbytes' }));
    expect([low / GIB < 2.07, high / GIB > 1.95]).toEqual([true, true]);
  });

  it('has a projector for each layer of Qwen3-VL whose output goes into the text model', () => {
    const { vision } = model('qwen3-vl-8b').parameters;
    const layer = 4 * 1_152 ** 2 + 2 * 1_152 * 4_304;
    expect(vision).toBe(27 * layer + 4 * (4_608 ** 2 + 4_608 * 4_096));
  });

  it('loads no encoder, and needs no room to try it, where a prompt may have neither images nor videos', () => {
    const shape = model('qwen3-vl-8b');
    const without = plan(shape, { limitMmPerPrompt: { image: 0, video: 0 } });
    expect(without).toMatchObject({ languageModelOnly: true });
    expect(plan(shape, { limitMmPerPrompt: { image: 0 } })).toMatchObject({ languageModelOnly: false });
    const weights = (engine: EnginePlan): number => weightsPerGpu(shape, engine).low;
    expect(weights(plan(shape)) - weights(without)).toBeGreaterThan(GIB);
  });

  it.each([
    ['heads', { tensorParallelSize: 3 }, 'heads_not_divisible'],
    ['heads of a state', { tensorParallelSize: 32 }, 'heads_not_divisible'],
  ])('refuses %s that cannot be divided', (_, settings, code) => {
    const gpu = (index: number): GpuFigures =>
      gpuFigures({ index, uuid: null, name: 'RTX 3090', totalMib: 24_576, freeMib: null, computeCapability: null });
    const others = Array.from({ length: settings.tensorParallelSize - 1 }, (_unused, index) => gpu(index + 1));
    const fit = checkEngine({ model: 'm', ...settings }, model('qwen3.6-35b-a3b-int4'), [gpu(0), ...others], null);
    expect(fit).toMatchObject({ verdict: 'no', reason: { code } });
  });
});
