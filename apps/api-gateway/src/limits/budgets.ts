import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Commands } from '#common/commands';
import { UsageQuerySubjects, type UsageSpent, type UsageSpentQuery } from '#contracts/usage-queries';
import { trackerOf, type LimitSet } from './limit-set';
import { RedisConnection } from './redis';
import { TokenCounter, type Counted, type Taken } from './token-counter';

/**
 * How long a count is believed before the ledger is asked again, seconds. Within it requests are added and settled here;
 * what a killed gateway had reserved is forgotten with it.
 */
const BELIEVED_S = 600;
/** The same while the ledger cannot be asked. */
const GUESSED_S = 30;
const LEDGER_LIMIT_MS = 3_000;

/**
 * Monthly token budgets. The ledger is the truth; the counter is what it said when it was asked last, with what was
 * reserved and used since.
 */
@Injectable()
export class Budgets {
  private readonly counter: TokenCounter;
  private readonly asking = new Map<string, Promise<void>>();
  /** What the ledger said last, for the time in which it does not answer. */
  private readonly lastSaid = new Map<string, number>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly commands: Commands,
    private readonly logger: Logger,
  ) {
    this.counter = new TokenCounter(redis.client, 'budget', BELIEVED_S);
  }

  /** Tokens of this month, those reserved included. */
  async used(set: LimitSet): Promise<number> {
    const tracker = await this.known(set);
    return (await this.counter.read(tracker))?.used ?? 0;
  }

  async take(set: LimitSet, tokens: number, budget: number): Promise<Counted & { taken: Taken | null }> {
    return this.counter.take(await this.known(set), tokens, budget);
  }

  /** As the counter's `settle`; a count that began meanwhile came from the ledger before this request was in it. */
  async settle(taken: Taken, used: number): Promise<void> {
    if (performance.now() < taken.until) await this.counter.settle(taken, used);
    else if ((await this.counter.read(taken.tracker)) !== null) await this.counter.limiter.penalty(taken.tracker, used);
  }

  /** The month's tracker, with a count from the ledger behind it. */
  private async known(set: LimitSet): Promise<string> {
    const from = monthBegin(new Date());
    const tracker = `${trackerOf(set)}:${from.toISOString().slice(0, 7)}`;
    if ((await this.counter.read(tracker)) === null) {
      const asked = this.asking.get(tracker) ?? this.ask(tracker, set, from).finally(() => this.asking.delete(tracker));
      this.asking.set(tracker, asked);
      await asked;
    }
    return tracker;
  }

  private async ask(tracker: string, { by, id }: LimitSet, from: Date): Promise<void> {
    const query: UsageSpentQuery = { by, id, from: from.toISOString() };
    try {
      const { tokens } = await this.commands.send<UsageSpent>(UsageQuerySubjects.spent, query, LEDGER_LIMIT_MS);
      this.remember(tracker, tokens);
      await this.plant(tracker, tokens, BELIEVED_S);
    } catch (error) {
      // Chat goes on while the ledger is away; what it said last still counts.
      this.logger.warn({
        msg: 'usage-service does not say what a budget has used; what it said last counts, and it is asked again in half a minute',
        err: error,
        tracker,
      });
      await this.plant(tracker, this.lastSaid.get(tracker) ?? 0, GUESSED_S);
    }
  }

  /** The first gateway that knows wins: what others have added since must not be overwritten. */
  private async plant(tracker: string, tokens: number, seconds: number): Promise<void> {
    const { client } = this.redis;
    const { limiter } = this.counter;
    if (client?.status === 'ready') {
      await client.set(limiter.getKey(tracker), tokens, 'EX', seconds, 'NX').catch(() => undefined);
    } else if ((await this.counter.read(tracker)) === null) await limiter.set(tracker, tokens, seconds);
  }

  private remember(tracker: string, tokens: number): void {
    if (this.lastSaid.size >= MAX_REMEMBERED) this.lastSaid.clear();
    this.lastSaid.set(tracker, tokens);
  }
}

const MAX_REMEMBERED = 20_000;

export function monthBegin(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}
