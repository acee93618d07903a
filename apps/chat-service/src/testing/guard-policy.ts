import type { GuardList, GuardPolicy } from '#contracts/guardrails';

/** A policy of these lists, of masked words unless a list says otherwise, and of nothing else. */
export function guardPolicy(lists: readonly Partial<GuardList>[], maskPiiInAnswers = false): GuardPolicy {
  return {
    lists: lists.map((list) => ({ name: 'list', kind: 'words', action: 'mask', on: 'both', text: '', ...list })),
    maskPiiInAnswers,
    injection: { flag: false, repeatSystemPrompt: false },
  };
}
