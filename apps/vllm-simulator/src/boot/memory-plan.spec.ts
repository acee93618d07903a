import { parseFlags } from '../cli/parse-flags';
import { serveOptions } from '../cli/serve-options';
import { readConfig } from '../config';
import { planMemory, type BootFailure, type MemoryPlan } from './memory-plan';

const R1 = 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B';

function plan(...args: string[]): MemoryPlan | BootFailure {
  return planMemory(serveOptions(parseFlags(args)), readConfig({}));
}

const failure = (...args: string[]): string => {
  const result = plan(...args);
  return 'kind' in result ? result.message : 'fits';
};

describe('what fits on two RTX 3090', () => {
  it('puts half of a 14B model on each of two cards', () => {
    const result = plan(R1, '-tp', '2', '--max-model-len', '8192');
    expect(result).toMatchObject({ maxModelLen: 8192 });
    expect('kind' in result ? 0 : result.weightsGib).toBeCloseTo(13.95, 1);
  });

  it('refuses 0.55 of the memory for it, which does not even hold the weights', () => {
    expect(failure(R1, '-tp', '2', '--gpu-memory-utilization', '0.55')).toContain(
      'No available memory for the cache blocks.',
    );
  });

  it('refuses more memory than is free, more GPUs than there are, and heads that do not divide', () => {
    expect(failure(R1, '--gpu-memory-utilization', '0.99')).toContain('Free memory on device cuda:0 (23.05/23.56 GiB)');
    expect(failure(R1, '-tp', '4')).toContain('World size (4) is larger than the number of available GPUs (2)');
  });

  it('says how long a context would fit when the one asked for does not', () => {
    const message = failure(R1, '-tp', '2', '--max-model-len', '128k');
    expect(message).toMatch(
      /max seq len \(128000\), \([\d.]+ GiB KV cache is needed, .* estimated maximum model length is \d+\./,
    );
  });

  it('takes as much context as fits with --max-model-len auto', () => {
    const result = plan(R1, '-tp', '2', '--max-model-len', 'auto');
    expect('kind' in result ? result : result.maxModelLen).toBeGreaterThan(60_000);
  });
});
