import type { FastifyReply } from 'fastify';
import type { Budgets } from './budgets';
import type { Demand } from './generation-limits';
import { quotaError, tellTokens, tokenRateError, type TokenWindow } from './limit-errors';
import { trackerOf, type LimitSet } from './limit-set';
import type { Release } from './running-counts';
import type { Taken, TokenCounter } from './token-counter';

/** What one request holds of its caller's limits. */
export class Grant {
  private readonly minutes: Taken[] = [];
  private readonly months: Taken[] = [];
  /** Set once the request is over. */
  private used: number | null = null;

  constructor(
    private readonly sets: readonly LimitSet[],
    private readonly demand: Demand,
    private readonly reply: FastifyReply,
    private readonly held: readonly Release[],
    private readonly minute: TokenCounter,
    private readonly budgets: Budgets,
  ) {}

  /** Whether tokens are to be reserved. */
  get metered(): boolean {
    return this.sets.some((set) => set.tokensPerMinute !== null || set.monthlyTokens !== null);
  }

  /**
   * Reserves the prompt and all that may be generated, under every limit or under none.
   * @param contextTokens of the engine, null when it does not tell.
   * @throws CodedError `rate_limit_exceeded` or `insufficient_quota`
   */
  async reserve(promptTokens: number, contextTokens: number | null): Promise<void> {
    try {
      for (const set of this.sets) {
        if (set.monthlyTokens !== null) await this.reserveMonth(set, set.monthlyTokens, promptTokens, contextTokens);
        if (set.tokensPerMinute !== null)
          await this.reserveMinute(set, set.tokensPerMinute, promptTokens, contextTokens);
      }
    } catch (error) {
      await this.settle(0);
      throw error;
    }
    // It was over before its tokens were there.
    if (this.used !== null) await this.settle(this.used);
  }

  /** The request is over and has used these tokens. */
  async settle(tokens: number): Promise<void> {
    this.used = tokens;
    for (const taken of this.minutes.splice(0)) await this.minute.settle(taken, tokens);
    for (const taken of this.months.splice(0)) await this.budgets.settle(taken, tokens);
  }

  /** The answer is over: it runs no more. */
  end(): void {
    for (const release of this.held) release();
  }

  private async reserveMinute(set: LimitSet, limit: number, prompt: number, context: number | null): Promise<void> {
    const tokens = this.needed(limit, prompt, context);
    const { taken, used, resetMs } = await this.minute.take(trackerOf(set), tokens, limit);
    if (taken === null) throw tokenRateError(this.reply, { limit, used: used - tokens, resetMs, requested: tokens });
    this.minutes.push(taken);
    this.tell({ limit, used, resetMs });
  }

  private async reserveMonth(set: LimitSet, budget: number, prompt: number, context: number | null): Promise<void> {
    const { taken } = await this.budgets.take(set, this.needed(budget, prompt, context), budget);
    if (taken === null) throw quotaError(this.reply);
    this.months.push(taken);
  }

  /**
   * The most that it can use. Without a bound of the client's that is the whole context, but never more than the limit
   * itself, or such a request could not be made at all: alone in its window it may then pass the limit.
   */
  private needed(limit: number, prompt: number, context: number | null): number {
    const { maxOutputTokens, choices, choicesPerPrompt } = this.demand;
    // Of several prompts each has a context of its own; `prompt` is their sum.
    const each = prompt / (choices / choicesPerPrompt);
    const room = context === null ? Number.POSITIVE_INFINITY : Math.max(0, Math.ceil(context - each));
    if (maxOutputTokens !== null) return prompt + Math.min(maxOutputTokens, room) * choices;
    return Math.max(prompt, Math.min(limit, prompt + room * choices));
  }

  /** Of several limits the one with the least left is told. */
  private tell(window: TokenWindow): void {
    const told = this.reply.getHeader('x-ratelimit-remaining-tokens');
    if (told === undefined || Number(told) > window.limit - window.used) tellTokens(this.reply, window);
  }
}
