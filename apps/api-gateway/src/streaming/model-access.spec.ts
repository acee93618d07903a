import type { EngineAnnouncement, ModelsState } from '#contracts/models';
import { mayUseModel, usableModel } from './model-access';

const engine = (id: string, state: EngineAnnouncement['state']): EngineAnnouncement => ({
  id,
  driver: 'process',
  profile: 'pair',
  state,
  models: [{ id: `model-${id}`, aliases: ['either'], maxModelLen: null, created: 0 }],
  maxNumSeqs: null,
  acceptsUnlistedModels: false,
});
const ready = { kind: 'ready', url: 'http://127.0.0.1:1', since: 0 } as const;
const STATE: ModelsState = { revision: 1, profile: 'pair', engines: [engine('a', ready), engine('b', ready)] };

describe('a key that is limited to some models', () => {
  it.each(['default', 'either'])('is given its own where %s stands for others too', (name) => {
    expect(usableModel(STATE, name, ['model-b'])).toBe('model-b');
    expect(usableModel(STATE, name, ['model-b', name])).toBe(name);
  });

  it('is given nothing by the names of other models', () => {
    for (const name of ['model-a', 'nobody']) expect(mayUseModel(STATE, name, ['model-b'])).toBe(false);
    expect(usableModel(STATE, 'either', ['model-c'])).toBeNull();
    expect(usableModel(null, 'either', ['model-b'])).toBeNull();
  });

  it('keeps its own while it loads, so that a switch meanwhile gives it no other', () => {
    const loading = { ...STATE, engines: [engine('a', { kind: 'stopped' })] };
    expect(usableModel(loading, 'default', ['model-a'])).toBe('model-a');
  });
});

it('a key without such a limit asks for what it says', () => {
  expect(usableModel(STATE, 'either', null)).toBe('either');
});
