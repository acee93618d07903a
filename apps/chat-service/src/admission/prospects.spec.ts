import type { EngineAnnouncement, EngineState, ModelsState } from '#contracts/models';
import { resolveModel } from '#contracts/models';
import { engineIdsFor, readyAtOf } from './prospects';

const engine = (id: string, state: EngineState): EngineAnnouncement => ({
  id,
  driver: 'process',
  profile: 'p',
  state,
  models: [{ id: 'm', aliases: ['alias'], maxModelLen: null, created: 0 }],
  maxNumSeqs: 4,
  acceptsUnlistedModels: false,
});
const loading = (percent: number): EngineState => ({
  kind: 'loading',
  phase: 'loading weights',
  percent,
  startedAt: 1_000,
});

function served(...engines: EngineAnnouncement[]) {
  const state: ModelsState = { revision: 1, profile: 'p', engines };
  const found = resolveModel(state, 'alias');
  if (found.kind === 'unknown') throw new Error('the model is not served');
  return { found, ids: engineIdsFor(found, state, 'alias') };
}

describe('what one who waits may hope for', () => {
  it('is the ready engines, where there is one', () => {
    const ready: EngineState = { kind: 'ready', url: 'http://x', since: 0 };
    const { found, ids } = served(engine('a', loading(50)), engine('b', ready));
    expect(ids).toEqual(['b']);
    expect(readyAtOf(found, 5_000, 100)).toBeNull();
  });

  it('is every engine that is on its way, where none is', () => {
    const failed: EngineState = { kind: 'failed', cause: 'oom', message: 'x', retryAt: null };
    const { ids } = served(engine('a', failed), engine('b', { kind: 'draining' }), engine('c', loading(1)));
    expect(ids).toEqual(['b', 'c']);
  });

  it('has a time by how far the boot has come, once that says something', () => {
    expect(readyAtOf(served(engine('a', loading(25))).found, 11_000, 100)).toBe(100 + 30_000);
    expect(readyAtOf(served(engine('a', loading(4))).found, 11_000, 100)).toBeNull();
  });
});
