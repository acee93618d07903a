import type { EngineCounters } from '#contracts/models';

/** What the ledger has of one engine life. Prompts count once a choice, as vLLM counts them. */
export interface LedgerSums {
  requestsOpen: number;
  promptTokens: number;
  generationTokens: number;
  /** Prompts of requests that failed here and that another engine took: nobody knows which of them this one counted. */
  retriedPromptTokens: number;
}

/** Engine minus ledger, tokens. Positive: somebody used the engine without a row. */
export interface Drift {
  promptTokens: number;
  generationTokens: number;
}

/**
 * Finds the moments in which an engine's counters and the ledger can be compared to the token: the engine was idle at two
 * looks in a row and counted nothing between them, and every request of that life has its end in the ledger. The sums
 * are read between the two looks, so that a request that ran in between is not half in them.
 */
export class SettledCounters {
  private readonly last = new Map<string, { counters: EngineCounters; sums: LedgerSums }>();

  /** @returns the drift where the look before it was the first of two quiet ones, else null. */
  look(counters: EngineCounters, sums: LedgerSums): Drift | null {
    const before = this.last.get(counters.engineId);
    this.last.set(counters.engineId, { counters, sums });
    if (before === undefined || !isQuiet(before.counters, counters) || before.sums.requestsOpen > 0) return null;
    const prompts = counters.promptTokens - before.sums.promptTokens;
    const ofRetried = Math.min(Math.max(prompts, 0), before.sums.retriedPromptTokens);
    return {
      promptTokens: prompts - ofRetried,
      generationTokens: counters.generationTokens - before.sums.generationTokens,
    };
  }
}

function isQuiet(before: EngineCounters, now: EngineCounters): boolean {
  return (
    before.engineLife === now.engineLife &&
    before.busy === 0 &&
    now.busy === 0 &&
    before.promptTokens === now.promptTokens &&
    before.generationTokens === now.generationTokens
  );
}

/** Whether a drift is worth a warning: past a share of what the engine counted and past a few tokens. */
export function isAbove(
  { promptTokens, generationTokens }: Drift,
  counters: EngineCounters,
  threshold: { percent: number; tokens: number },
): boolean {
  const beyond = (drift: number, counted: number): boolean =>
    Math.abs(drift) > Math.max(threshold.tokens, (counted * threshold.percent) / 100);
  return beyond(promptTokens, counters.promptTokens) || beyond(generationTokens, counters.generationTokens);
}
