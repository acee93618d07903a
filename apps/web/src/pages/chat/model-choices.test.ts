import { describe, expect, it } from 'vitest';
import { modelChoices } from './model-choices';

const engine = (
  profile: string,
  state: 'ready' | 'loading',
  percent: number | null = null,
  aliases: string[] = [],
) => ({
  profile,
  state,
  percent,
  models: [{ id: `org/${profile}`, aliases }],
});

describe('the models to choose from', () => {
  it('are those that answer, those that load with their percent, then what could be switched to', () => {
    const profiles = [
      { name: 'c', aliases: [] },
      { name: 'a', aliases: [] },
    ];
    expect(modelChoices([engine('b', 'loading', 43), engine('a', 'ready')], ['org/a'], profiles)).toEqual([
      { id: 'org/a', state: 'ready', percent: null },
      { id: 'org/b', state: 'loading', percent: 43 },
      { id: 'c', state: 'available', percent: null },
    ]);
  });

  it('are ready when one of several engines is', () => {
    expect(modelChoices([engine('a', 'ready'), engine('a', 'loading', 5)], [], [])).toEqual([
      { id: 'org/a', state: 'ready', percent: null },
    ]);
  });

  it('have each model once, whatever names it has', () => {
    const engines = [engine('a', 'ready', null, ['a', 'small'])];
    expect(modelChoices(engines, ['org/a', 'a', 'small'], [{ name: 'a-profile', aliases: ['small'] }])).toEqual([
      { id: 'org/a', state: 'ready', percent: null },
    ]);
  });

  it('are what is served while the status is not known', () => {
    expect(modelChoices([], ['x'], [])).toEqual([{ id: 'x', state: 'ready', percent: null }]);
  });
});
