import { EngineCounters } from './counters';
import { PrefixCache } from './prefix-cache';
import { Scheduler } from './scheduler';
import { Sequence, type TokenSource } from './sequence';

const A = 7;
const endless: TokenSource = { tokenAt: () => A };
const PROMPT = Array.from({ length: 40 }, (_, i) => i + 300);

interface Run {
  readonly scheduler: Scheduler;
  readonly counters: EngineCounters;
  readonly heard: string[];
  readonly add: (name: string, maxTokens: number) => Sequence;
}

function run({ maxNumSeqs = 8, ttftMs = 0, kvCacheTokens = 100_000 } = {}): Run {
  const counters = new EngineCounters(2048);
  const scheduler = new Scheduler({ maxNumSeqs, ttftMs, kvCacheTokens }, counters, new PrefixCache(100));
  const heard: string[] = [];
  const add = (name: string, maxTokens: number): Sequence => {
    const params = { maxTokens, minTokens: 0, ignoreEos: true, stop: [], includeStop: false };
    const sequence = new Sequence(0, PROMPT, params, endless, () => heard.push(name), 0);
    scheduler.add(sequence);
    return sequence;
  };
  return { scheduler, counters, heard, add };
}

describe('the scheduler', () => {
  it('makes one token for every running sequence at each step, in the same order', () => {
    const { scheduler, heard, add } = run();
    for (const name of ['a', 'b', 'c']) add(name, 10);
    scheduler.step(1);
    scheduler.step(2);
    expect(heard.join('')).toBe('abcabc');
  });

  it('lets those wait that do not fit, and takes them in when a place is free', () => {
    const { scheduler, heard, add } = run({ maxNumSeqs: 2 });
    add('a', 1);
    add('b', 3);
    add('c', 2);
    scheduler.step(1);
    expect([scheduler.runningCount, scheduler.waitingCount]).toEqual([1, 1]);
    scheduler.step(2);
    scheduler.step(3);
    expect(heard.join('')).toBe('abbcbc');
    expect(scheduler.idle).toBe(true);
  });

  it('lets those wait whose prompt does not fit into the cache', () => {
    const { scheduler, add } = run({ kvCacheTokens: 60 });
    add('a', 5);
    add('b', 5);
    scheduler.step(1);
    expect([scheduler.runningCount, scheduler.waitingCount]).toEqual([1, 1]);
  });

  it('frees the place of a client that left at once, counts its tokens, and calls nothing an abort', () => {
    const { scheduler, counters, add } = run({ maxNumSeqs: 1 });
    const left = add('a', 100);
    add('b', 1);
    scheduler.step(1);
    scheduler.step(2);
    scheduler.abandon(left);
    expect(scheduler.runningCount).toBe(0);
    scheduler.step(3);
    expect(counters.generationTokens).toBe(3);
    expect(counters.success).toMatchObject({ length: 1, abort: 0 });
  });

  it('leaves no trace of a client that left before its first step', () => {
    const { scheduler, counters, add } = run();
    scheduler.abandon(add('a', 5));
    scheduler.step(1);
    expect([counters.promptTokens, counters.generationTokens, counters.prefixQueries]).toEqual([0, 0, 0]);
  });

  it('counts a prompt once for each sequence, and what of it was cached', () => {
    const { scheduler, counters, add } = run();
    add('a', 1);
    scheduler.step(1);
    add('b', 1);
    scheduler.step(2);
    expect(counters.promptTokens).toBe(80);
    // Two whole blocks of 16 of the second prompt's 40 tokens.
    expect([counters.prefixQueries, counters.prefixHits]).toEqual([80, 32]);
    expect(counters.requestGenerationTokens.sum).toBe(2);
  });

  it('takes its time before the first token', () => {
    const { scheduler, heard, add } = run({ ttftMs: 100 });
    add('a', 5);
    scheduler.step(10);
    scheduler.step(60);
    expect(heard).toEqual([]);
    scheduler.step(110);
    expect(heard).toEqual(['a']);
  });

  it('ends all with "abort" when it is told to', () => {
    const { scheduler, counters, add } = run();
    const sequence = add('a', 100);
    scheduler.step(1);
    scheduler.abortAll(2);
    expect(sequence.finishReason).toBe('abort');
    expect(counters.success.abort).toBe(1);
    expect(scheduler.idle).toBe(true);
  });
});
