import type { ModelsStatus } from '../../api/models-status';

/** A model that can be chosen, and what asking it now would mean. */
export interface ModelChoice {
  id: string;
  state: 'ready' | 'loading' | 'draining' | 'failed' | 'available';
  /** 0 to 100 while it loads. */
  percent: number | null;
}

/** As `/api/models/status` tells it. */
type Engine = Pick<ModelsStatus['engines'][number], 'profile' | 'state' | 'percent'> & {
  models: readonly { id: string; aliases: readonly string[] }[];
};

interface Profile {
  name: string;
  aliases: readonly string[];
}

/**
 * The models in the order in which they are of use: those that answer, those that will, then the profiles that somebody
 * would have to switch to. A profile whose engine is there already is that engine's model.
 */
export function modelChoices(
  engines: readonly Engine[],
  served: readonly string[],
  profiles: readonly Profile[],
): ModelChoice[] {
  const choices = new Map<string, ModelChoice>();
  const present = new Set<string>();
  /** Further names of what is in the list already. */
  const aliases = new Set<string>();
  for (const { profile, state, percent, models } of engines) {
    if (profile !== null) present.add(profile);
    for (const { id, aliases: others } of models) {
      for (const alias of others) aliases.add(alias);
      if (choices.get(id)?.state === 'ready') continue;
      choices.set(id, {
        id,
        state: state === 'stopped' ? 'available' : state,
        percent: state === 'loading' ? percent : null,
      });
    }
  }
  for (const id of served)
    if (!choices.has(id) && !aliases.has(id)) choices.set(id, { id, state: 'ready', percent: null });
  for (const { name, aliases: others } of profiles) {
    if ([name, ...others].some((known) => present.has(known) || choices.has(known) || aliases.has(known))) continue;
    choices.set(name, { id: name, state: 'available', percent: null });
  }
  return [...choices.values()].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
}

const ORDER = { ready: 0, loading: 1, draining: 2, failed: 3, available: 4 } as const;
