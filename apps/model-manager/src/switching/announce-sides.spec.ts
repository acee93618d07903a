import { isComing, isReady, resolveModel, type EngineAnnouncement, type EngineState } from '#contracts/models';
import { announceSides } from './announce-sides';
import type { MachineState, Undo } from './machine-model';

const engine = (id: string, model: string, state: EngineState): EngineAnnouncement => ({
  id,
  driver: 'process',
  profile: model,
  state,
  models: [{ id: model, aliases: [], maxModelLen: null, created: 0 }],
  maxNumSeqs: 4,
  acceptsUnlistedModels: false,
});
const READY: EngineState = { kind: 'ready', url: 'http://x', since: 5 };
const LOADING: EngineState = { kind: 'loading', phase: 'loading weights', percent: 40, startedAt: 1 };
const STOPPED: EngineState = { kind: 'stopped' };
const FAILED: EngineState = { kind: 'failed', cause: 'oom_at_load', message: 'x', retryAt: null };
const undo: Undo = { outcome: 'cancelled', failure: null };

/** Every state in which nothing serves, with what the engines are then. */
const HOLDING: [MachineState, from: EngineState, to: EngineState][] = [
  [{ kind: 'draining' }, READY, STOPPED],
  [{ kind: 'stopping', undo: null }, STOPPED, STOPPED],
  [{ kind: 'freeing', undo: null }, STOPPED, STOPPED],
  [{ kind: 'starting', mode: 'replace' }, STOPPED, LOADING],
  [{ kind: 'warming_up', mode: 'replace' }, STOPPED, READY],
  [{ kind: 'undoing', undo, fromRuns: false }, STOPPED, FAILED],
  [{ kind: 'undo_freeing', undo }, STOPPED, STOPPED],
  [{ kind: 'restoring', undo }, STOPPED, STOPPED],
];

const announce = (state: MachineState, from: EngineState, to: EngineState): EngineAnnouncement[] =>
  announceSides(state, [engine('vllm-0', 'old', from)], [engine('vllm-1', 'new', to)]);

describe('what is announced during a switch', () => {
  it.each(HOLDING)('makes requests wait while it is %j', (state, from, to) => {
    const engines = announce(state, from, to);
    for (const name of ['default', 'old']) {
      const found = resolveModel({ revision: 1, profile: 'old', engines }, name);
      expect(found.kind).toBe('not_ready');
      expect(found.kind === 'not_ready' && isComing(found.engine)).toBe(true);
    }
  });

  it('shows how far the new engine is to those who wait', () => {
    const [first] = announce({ kind: 'starting', mode: 'replace' }, STOPPED, LOADING);
    expect(first?.state).toEqual(LOADING);
  });

  it('gives nothing to a new engine that is not warm, and goes on with the old one beside it', () => {
    const engines = announce({ kind: 'warming_up', mode: 'side_by_side' }, READY, READY);
    expect(engines.filter(isReady).map(({ id }) => id)).toEqual(['vllm-0']);
  });

  it('hands over in one announcement', () => {
    const engines = announce({ kind: 'handing_over', step: 'draining' }, READY, READY);
    expect(engines.map(({ id, state }) => [id, state.kind])).toEqual([
      ['vllm-1', 'ready'],
      ['vllm-0', 'draining'],
    ]);
  });
});
