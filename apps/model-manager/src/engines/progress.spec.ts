import { sumOf } from './engine-api';
import { stalledMs, watchProgress, type ProgressWatch, type WorkSample } from './progress';

const stall = (...samples: [number, WorkSample][]): number => {
  let watch: ProgressWatch | null = null;
  let now = 0;
  for (const [at, sample] of samples) {
    now = at;
    watch = watchProgress(watch, sample, at);
  }
  return watch === null ? 0 : stalledMs(watch, now);
};

describe('liveness by progress', () => {
  it('counts the time in which an engine with work did none', () => {
    expect(stall([0, { busy: 1, done: '5' }], [2_000, { busy: 1, done: '5' }], [9_000, { busy: 2, done: '5' }])).toBe(
      9_000,
    );
  });

  it('begins anew with every step', () => {
    expect(stall([0, { busy: 1, done: '5' }], [2_000, { busy: 1, done: '6' }], [3_000, { busy: 1, done: '6' }])).toBe(
      1_000,
    );
  });

  it('does not blame an engine that had nothing to do', () => {
    expect(stall([0, { busy: 0, done: '5' }], [60_000, { busy: 0, done: '5' }])).toBe(0);
    expect(stall([0, { busy: 0, done: '5' }], [60_000, { busy: 1, done: '5' }])).toBe(0);
  });

  it('sums a metric over its labels, and takes no other that begins alike', () => {
    const metrics = [
      '# TYPE vllm:num_requests_waiting gauge',
      'vllm:num_requests_waiting{engine="0",model_name="a b"} 2.0',
      'vllm:num_requests_waiting{engine="1",model_name="a b"} 3.0',
      'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 7.0',
      'vllm:num_requests_waiting 1',
    ].join('\n');
    expect(sumOf(metrics, 'vllm:num_requests_waiting')).toBe(6);
  });
});
