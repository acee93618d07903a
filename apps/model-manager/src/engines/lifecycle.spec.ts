import { announced } from './announced-state';
import type { Failure } from './failures';
import { decide, MISSED_PROBES } from './lifecycle';
import type { Effect, LifecycleEvent, LifecycleState } from './lifecycle-model';
import { CRASH_LOOP_FAILURES, retryDelayMs } from './retry-delay';

const PROCESS = { handle: '7', url: 'http://127.0.0.1:20001' };
const LIMITS = { loadTimeoutMs: 1_000_000 };

const begin: LifecycleEvent = { kind: 'begin', at: 0 };
const nothingFound: LifecycleEvent = { kind: 'nothing-found', at: 1 };
const spawned: LifecycleEvent = { kind: 'spawned', at: 2, process: PROCESS };
const healthy: LifecycleEvent = { kind: 'healthy', at: 1_000 };
const gone: LifecycleEvent = { kind: 'gone', at: 5_000 };
const timer: LifecycleEvent = { kind: 'timer', at: 6_000 };
const stop: LifecycleEvent = { kind: 'stop', at: 7_000, drain: true, politely: true };
const noAnswer: LifecycleEvent = { kind: 'no-answer', at: 3_000 };
const exited = (code: number | null, signal: string | null = null, at = 4_000): LifecycleEvent => ({
  kind: 'exited',
  at,
  handle: PROCESS.handle,
  code,
  signal,
});
const logged = (failure: Failure, at = 3_500): LifecycleEvent => ({
  kind: 'log',
  at,
  observation: { kind: 'failure', failure },
});
const phase = (name: string, percent: number): LifecycleEvent => ({
  kind: 'log',
  at: 10,
  observation: { kind: 'phase', phase: name, percent },
});
const toReady = [begin, nothingFound, spawned, healthy];

/** Plays events from the start: the last state, and the effects of the last event. */
function play(...events: LifecycleEvent[]): { state: LifecycleState; effects: Effect[]; all: Effect[] } {
  let state: LifecycleState = { kind: 'new' };
  let effects: Effect[] = [];
  const all: Effect[] = [];
  for (const event of events) {
    ({ next: state, effects } = decide(state, event, LIMITS));
    all.push(...effects);
  }
  return { state, effects, all };
}

const kinds = (effects: Effect[]): string[] => effects.map((effect) => effect.kind);

describe('the life of an engine', () => {
  it('looks for a running engine before it starts one', () => {
    expect(kinds(play(begin).effects)).toEqual(['look']);
    expect(kinds(play(begin, nothingFound).effects)).toEqual(['spawn']);
  });

  it('is ready when it answers, and says how long it loaded', () => {
    const { state, effects } = play(...toReady);
    expect(announced(state)).toEqual({ kind: 'ready', url: PROCESS.url, since: 1_000 });
    expect(effects).toContainEqual({ kind: 'note-ready', loadMs: 999 });
  });

  it('takes a running engine that answers over as it is', () => {
    const { state, all } = play(begin, { kind: 'found', at: 5, process: PROCESS, startedAt: 1, healthy: true });
    expect(state.kind).toBe('ready');
    expect(kinds(all)).not.toContain('spawn');
  });

  it('goes on waiting for an engine that was still loading when it was found', () => {
    const found: LifecycleEvent = { kind: 'found', at: 5, process: PROCESS, startedAt: 1, healthy: false };
    expect(play(begin, found).state.kind).toBe('loading');
    expect(play(begin, found, healthy).state.kind).toBe('ready');
  });

  it('shows phase and percent while it loads, and never runs backwards', () => {
    const { state } = play(begin, nothingFound, spawned, phase('loading weights', 40), phase('starting', 5));
    expect(announced(state)).toMatchObject({ kind: 'loading', phase: 'loading weights', percent: 40 });
  });

  it('kills what is left of a crashed engine before it waits, and then starts it again', () => {
    const crash = play(...toReady, exited(1));
    expect(crash.effects).toContainEqual({ kind: 'kill-group', politely: false });
    expect(announced(crash.state)).toMatchObject({ kind: 'failed', cause: 'crashed', retryAt: 4_500 });
    const cleared = play(...toReady, exited(1), gone);
    expect(cleared.effects).toEqual([{ kind: 'timer', afterMs: 500 }]);
    expect(kinds(play(...toReady, exited(1), gone, timer).effects)).toEqual(['spawn']);
  });

  it('takes an exit with code 0 that nobody asked for as a crash', () => {
    expect(announced(play(...toReady, exited(0)).state)).toMatchObject({ kind: 'failed', cause: 'crashed' });
  });

  it('does not take the exit of an earlier process for its own', () => {
    const other: LifecycleEvent = { kind: 'exited', at: 4_000, handle: '99', code: 1, signal: null };
    expect(play(...toReady, other).state.kind).toBe('ready');
  });

  it('says that an engine was killed', () => {
    expect(announced(play(...toReady, exited(null, 'SIGKILL')).state)).toMatchObject({ cause: 'killed' });
  });

  it('names the cause that the log named before the exit', () => {
    const oom = logged({ cause: 'oom_at_load', detail: 'CUDA out of memory' });
    const vague = logged({ cause: 'engine_core_failed', detail: 'EngineCore failed to start.' });
    const failed = announced(play(begin, nothingFound, spawned, oom, vague, exited(1)).state);
    expect(failed).toMatchObject({ kind: 'failed', cause: 'oom_at_load' });
    expect(announced(play(begin, nothingFound, spawned, vague, oom, exited(1)).state)).toEqual(failed);
  });

  it('tells an OOM for the graphs from one for the weights', () => {
    const oom = logged({ cause: 'oom_at_load', detail: 'CUDA out of memory' });
    const capturing = phase('capturing CUDA graphs', 80);
    expect(announced(play(begin, nothingFound, spawned, capturing, oom, exited(1)).state)).toMatchObject({
      cause: 'oom_at_graphs',
    });
  });

  it('tells an OOM under load from one at load', () => {
    const oom = logged({ cause: 'oom_at_load', detail: 'CUDA out of memory' });
    expect(announced(play(...toReady, oom, exited(0)).state)).toMatchObject({ cause: 'oom_while_running' });
  });

  it('does not blame an old line of the log for a crash', () => {
    const nccl = logged({ cause: 'nccl_error', detail: 'NCCL error' }, 3_500);
    expect(announced(play(...toReady, nccl, exited(1, null, 3_500 + 60_000)).state)).toMatchObject({
      cause: 'crashed',
    });
  });

  it('waits longer after each failure, up to a minute', () => {
    expect([1, 2, 3, 5].map((failures) => retryDelayMs('crashed', failures))).toEqual([500, 1_000, 2_000, 8_000]);
    // What somebody else must give back is waited for as long as it takes.
    expect([7, 8, 50].map((failures) => retryDelayMs('gpu_memory_taken', failures))).toEqual([32_000, 60_000, 60_000]);
    const again = [exited(1), gone, timer, spawned];
    const { effects } = play(begin, nothingFound, spawned, ...again, exited(1), gone);
    expect(effects).toEqual([{ kind: 'timer', afterMs: 1_000 }]);
  });

  it('forgets its failures when it has been ready long enough', () => {
    const { effects } = play(
      begin,
      nothingFound,
      spawned,
      exited(1),
      gone,
      timer,
      spawned,
      healthy,
      timer,
      exited(1),
      gone,
    );
    expect(effects).toEqual([{ kind: 'timer', afterMs: 500 }]);
  });

  it('stops a crash loop, and says so', () => {
    const again = [exited(1), gone, timer, spawned];
    const { state, effects } = play(
      begin,
      nothingFound,
      spawned,
      ...Array.from({ length: CRASH_LOOP_FAILURES - 1 }, () => again).flat(),
      exited(1),
      gone,
    );
    expect(effects).toEqual([]);
    expect(announced(state)).toMatchObject({
      kind: 'failed',
      cause: 'crashed',
      message: expect.stringMatching(/failed 6 times in a row, and is not started again/) as string,
      retryAt: null,
    });
  });

  it('does not try again what can only fail again', () => {
    const flag = logged({ cause: 'unknown_flag', detail: 'vllm: error: unrecognized arguments: --no-such-flag' });
    const { state, effects } = play(begin, nothingFound, spawned, flag, exited(2), gone);
    expect(effects).toEqual([]);
    expect(announced(state)).toMatchObject({ kind: 'failed', cause: 'unknown_flag', retryAt: null });
    expect(announced(state)).toMatchObject({ message: expect.stringContaining('Remove it, or update vLLM') as string });
  });

  it('gives up on a command that is not there, in words', () => {
    const failure: Failure = { cause: 'command_not_found', detail: 'The command vllm was not found' };
    const { state } = play(begin, nothingFound, { kind: 'spawn-failed', at: 3, failure }, gone);
    expect(announced(state)).toEqual({
      kind: 'failed',
      cause: 'command_not_found',
      message: 'The command vllm was not found. Install vLLM, or set VLLM_COMMAND to the path of its program.',
      retryAt: null,
    });
  });

  it('kills an engine whose core is dead at once, and a silent one after some probes', () => {
    expect(kinds(play(...toReady, { kind: 'engine-dead', at: 3_000 }).effects)).toContain('kill-group');
    const silent = Array.from({ length: MISSED_PROBES }, () => noAnswer);
    expect(play(...toReady, ...silent.slice(1)).state.kind).toBe('ready');
    expect(play(...toReady, ...silent.slice(1), healthy, noAnswer).state.kind).toBe('ready');
    expect(announced(play(...toReady, ...silent).state)).toMatchObject({ cause: 'unresponsive' });
  });

  it('restarts a hung engine', () => {
    const { state, effects } = play(...toReady, { kind: 'hung', at: 30_000, forMs: 20_000 });
    expect(effects).toContainEqual({ kind: 'kill-group', politely: false });
    expect(announced(state)).toMatchObject({ cause: 'hung', message: expect.stringContaining('20 seconds') as string });
  });

  it('gives up waiting for an engine that loads for ever', () => {
    expect(announced(play(begin, nothingFound, spawned, phase('compiling', 60), timer).state)).toMatchObject({
      cause: 'load_timeout',
    });
  });

  it('lets the running requests of a ready engine end before it stops it', () => {
    const draining = play(...toReady, stop);
    expect(draining.effects).toEqual([{ kind: 'drain' }]);
    expect(announced(draining.state).kind).toBe('draining');
    const stopping = play(...toReady, stop, { kind: 'drained', at: 8_000 });
    expect(stopping.effects).toEqual([{ kind: 'kill-group', politely: true }]);
    expect(announced(play(...toReady, stop, { kind: 'drained', at: 8_000 }, gone).state)).toEqual({ kind: 'stopped' });
  });

  it('is ended at once where nothing is to be waited for', () => {
    const now: LifecycleEvent = { kind: 'stop', at: 7_000, drain: false, politely: false };
    expect(play(...toReady, now).effects).toEqual([{ kind: 'kill-group', politely: false }]);
  });

  it('ends a drain when the engine ends by itself', () => {
    expect(kinds(play(...toReady, stop, exited(0)).effects)).toEqual(['kill-group']);
  });

  it('stops whatever it was doing', () => {
    const waysToStop: LifecycleEvent[][] = [
      [],
      [begin],
      [begin, nothingFound],
      [begin, nothingFound, spawned],
      [...toReady, exited(1)],
      [...toReady, exited(1), gone],
    ];
    for (const events of waysToStop) expect(play(...events, stop, gone).state.kind).toBe('stopped');
  });

  it('starts nothing any more once it was stopped', () => {
    const { all } = play(...toReady, exited(1), gone, stop, timer, healthy, spawned);
    expect(kinds(all).filter((kind) => kind === 'spawn')).toHaveLength(1);
  });
});
