import { UncomparedEngines } from './uncompared-engines';

const HOUR = 3_600_000;

describe('an engine that is never idle', () => {
  it('is told of once, an hour after it was seen first or compared last', () => {
    const engines = new UncomparedEngines();
    expect(engines.looked('vllm-0', 0)).toEqual({ ms: 0, isNews: false });
    expect(engines.looked('vllm-0', HOUR - 1)).toEqual({ ms: HOUR - 1, isNews: false });
    expect(engines.looked('vllm-0', HOUR)).toEqual({ ms: HOUR, isNews: true });
    expect(engines.looked('vllm-0', 2 * HOUR)).toEqual({ ms: 2 * HOUR, isNews: false });
    engines.compared('vllm-0', 2 * HOUR);
    expect(engines.looked('vllm-0', 3 * HOUR)).toEqual({ ms: HOUR, isNews: true });
  });

  it('is no matter of the others', () => {
    const engines = new UncomparedEngines();
    engines.looked('vllm-0', 0);
    expect(engines.looked('vllm-1', HOUR)).toEqual({ ms: 0, isNews: false });
  });
});
