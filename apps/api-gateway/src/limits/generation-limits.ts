import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Budgets } from './budgets';
import { Grant } from './grant';
import { trackerOf, type LimitSet } from './limit-set';
import { concurrencyError, quotaError, tokenRateError } from './limit-errors';
import { RedisConnection } from './redis';
import { RunningCounts, type Release } from './running-counts';
import { TokenCounter } from './token-counter';

const MINUTE_S = 60;

/** What a request may generate at most. */
export interface Demand {
  /** Tokens of one choice; null when the client set no bound. */
  readonly maxOutputTokens: number | null;
  readonly choices: number;
  /** Of them, those of one prompt. */
  readonly choicesPerPrompt: number;
}

/** Tokens a minute, requests at once and monthly budgets, for those who have such limits. */
@Injectable()
export class GenerationLimits {
  private readonly minute: TokenCounter;
  private readonly running: RunningCounts;

  constructor(
    redis: RedisConnection,
    private readonly budgets: Budgets,
  ) {
    this.minute = new TokenCounter(redis.client, 'tokens', MINUTE_S);
    this.running = new RunningCounts(redis.client);
  }

  /**
   * Lets a request in: it counts as running until the grant ends. Its tokens are reserved later, when the engine has counted
   * its prompt; who has none left is refused at once.
   * @throws CodedError `rate_limit_exceeded` or `insufficient_quota`
   */
  async enter(sets: readonly LimitSet[], demand: Demand, reply: FastifyReply): Promise<Grant> {
    const held: Release[] = [];
    try {
      for (const set of sets) {
        const { concurrentRequests } = set;
        if (concurrentRequests === null) continue;
        const release = await this.running.enter(trackerOf(set), concurrentRequests);
        if (release === null) throw concurrencyError(concurrentRequests);
        held.push(release);
      }
      for (const set of sets) await this.refuseExhausted(set, reply);
    } catch (error) {
      for (const release of held) release();
      throw error;
    }
    return new Grant(sets, demand, reply, held, this.minute, this.budgets);
  }

  private async refuseExhausted(set: LimitSet, reply: FastifyReply): Promise<void> {
    const { tokensPerMinute, monthlyTokens } = set;
    if (monthlyTokens !== null && (await this.budgets.used(set)) >= monthlyTokens) throw quotaError(reply);
    if (tokensPerMinute === null) return;
    const counted = await this.minute.read(trackerOf(set));
    if (counted !== null && counted.used >= tokensPerMinute)
      throw tokenRateError(reply, { limit: tokensPerMinute, requested: null, ...counted });
  }
}
