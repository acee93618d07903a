import type { EngineCounters } from '#contracts/models';
import { isAbove, SettledCounters, type LedgerSums } from './settled-counters';

const engine = (tokens: number, change: Partial<EngineCounters> = {}): EngineCounters => ({
  engineId: 'vllm-0',
  engineLife: 'vllm-0@1',
  promptTokens: 2 * tokens,
  generationTokens: tokens,
  busy: 0,
  ...change,
});
const ledger = (tokens: number, requestsOpen = 0): LedgerSums => ({
  requestsOpen,
  promptTokens: 2 * tokens,
  generationTokens: tokens,
  retriedPromptTokens: 0,
});

describe('the comparison of the ledger with an engine', () => {
  it('is made when the engine was idle at two looks in a row', () => {
    const settled = new SettledCounters();
    expect(settled.look(engine(100), ledger(90))).toBeNull();
    expect(settled.look(engine(100), ledger(100))).toEqual({ promptTokens: 20, generationTokens: 10 });
    expect(settled.look(engine(100), ledger(100))).toEqual({ promptTokens: 0, generationTokens: 0 });
  });

  it.each([
    ['the engine is at work', engine(100, { busy: 1 }), engine(100)],
    ['the engine counted something in between', engine(100), engine(101)],
    ['the engine was started anew, which resets its counters', engine(100), engine(100, { engineLife: 'vllm-0@2' })],
  ])('waits while %s', (_, first, second) => {
    const settled = new SettledCounters();
    settled.look(first, ledger(100));
    expect(settled.look(second, ledger(100))).toBeNull();
  });

  it('waits while a request of this life has no end in the ledger', () => {
    const settled = new SettledCounters();
    settled.look(engine(100), ledger(100, 1));
    expect(settled.look(engine(100), ledger(100, 0))).toBeNull();
  });

  it.each([
    ['counted none of them', 0, 0],
    ['counted some of them', 30, 0],
    ['counted more than them', 50, 10],
    ['counted less than the ledger', -5, -5],
  ])('takes prompts that another engine took for what they may be: an engine that %s', (_, beyond, drift) => {
    const settled = new SettledCounters();
    const sums = { ...ledger(100), retriedPromptTokens: 40 };
    const counters = engine(100, { promptTokens: 200 + beyond });
    settled.look(counters, sums);
    expect(settled.look(counters, sums)).toEqual({ promptTokens: drift, generationTokens: 0 });
  });

  it('warns past a share of the tokens and past a few of them, in either direction', () => {
    const threshold = { percent: 1, tokens: 200 };
    expect(isAbove({ promptTokens: 0, generationTokens: 200 }, engine(1_000), threshold)).toBe(false);
    expect(isAbove({ promptTokens: 0, generationTokens: 201 }, engine(1_000), threshold)).toBe(true);
    expect(isAbove({ promptTokens: -201, generationTokens: 0 }, engine(1_000), threshold)).toBe(true);
    expect(isAbove({ promptTokens: 0, generationTokens: 900 }, engine(100_000), threshold)).toBe(false);
  });
});
