import type { Logger } from 'nestjs-pino';
import type { Backend } from '#contracts/code';
import type { CodedError, ErrorCode } from '#contracts/errors';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import type { RequestEnding, RequestFacts, RequestTimes, TokenCounts } from '#contracts/usage';
import type { Route } from '../engines/engine-router';
import { backendOf, backendPlaced } from '../engines/fallback';
import { ChatMetrics } from './chat-metrics';
import { outcomeOf } from './ending';
import type { Generation } from './generation';
import { RecentEnds } from './recent-ends';
import { TokenAccounts } from './token-accounts';
import type { TokenReservations } from './token-reservations';
import { UsageJournal, type PublishBatch } from './usage-journal';

/** The engine took too long: what an operator is warned of when it happens often. */
const TIMEOUTS: readonly (string | null)[] = [
  'first_token_timeout',
  'between_tokens_timeout',
  'request_deadline_exceeded',
] satisfies ErrorCode[];

/** What else Prometheus is told about. */
export interface Watched {
  inFlight: () => number;
  messages: () => number;
  frames: () => number;
}

/** Everything that is written down about requests: ledger, metrics, log, and what their tokens count against limits. */
export class Bookkeeping {
  private readonly journal: UsageJournal;
  private readonly metrics: ChatMetrics;
  private readonly accounts = new TokenAccounts();
  private readonly ends = new RecentEnds();
  /** Requests that ran into a timeout since the start. */
  timeouts = 0;
  /** Requests that are over and being counted. */
  private readonly counting = new Set<Promise<void>>();

  constructor(
    private readonly instanceId: string,
    publish: PublishBatch,
    private readonly reservations: TokenReservations,
    private readonly logger: Logger,
    watched: Watched,
  ) {
    this.journal = new UsageJournal(instanceId, publish, (error) =>
      logger.warn({
        msg: 'the ledger takes no events; they wait here and are tried again, and requests are refused with 503. Look at nats-server',
        err: error,
        waiting: this.journal.backlog,
      }),
    );
    this.metrics = new ChatMetrics({ ...watched, journal: () => this.journal.backlog });
  }

  /** The ledger takes nothing and too much waits for it: no new request may start. */
  get full(): boolean {
    return this.journal.full;
  }

  /** @param onKept the ledger has it on disk. */
  started(facts: RequestFacts, onKept: () => void): void {
    this.journal.add({ kind: 'started', owner: this.instanceId, ...facts }, onKept);
  }

  /** Should this process be killed, the ledger closes the request with what it was told last. */
  checkpoint(facts: RequestFacts, counts: TokenCounts & RequestTimes): void {
    this.journal.add({ kind: 'checkpoint', owner: this.instanceId, ...facts, ...counts });
  }

  /** @param body what the engine read, should it have to be counted. */
  finished(generation: Generation, ending: RequestEnding, route: Route, body: Uint8Array): void {
    const { head, facts, tokenEvents } = generation;
    const backend = backendOf(route.model);
    if (head.code !== undefined) this.metrics.code(head.code.modelType, backend, ending);
    if (head.hint !== undefined) this.metrics.hint(head.hint.level, backend, ending);
    const engine = facts.engineLife ?? route.model.engine.id;
    if (ending.countMethod === 'exact') {
      this.accounts.learn(engine, ending, tokenEvents);
      this.close(head, facts, ending, backend);
      return;
    }
    // Nobody but us did anything.
    if (ending.countMethod === 'cached' || backend === 'local') {
      this.close(head, facts, ending, backend);
      return;
    }
    // The engine did not say what it did: it is counted after the end, when nobody waits for it any more.
    const counted = this.accounts
      .settle(engine, ending, { facts, body, tokenEvents }, route.pool)
      .catch((error: unknown) => {
        this.logger.warn({
          msg: 'the engine did not say how many tokens a request used and could not be asked: its row is an estimate',
          err: error,
          request_id: facts.requestId,
        });
        return ending;
      })
      .then((settled) => {
        this.counting.delete(counted);
        this.close(head, facts, settled, backend);
      });
    this.counting.add(counted);
  }

  /** It waited for its turn, and was not served. */
  unserved(head: GenerateRequest, facts: RequestFacts, ending: RequestEnding): void {
    this.close(head, facts, ending, backendPlaced(head));
  }

  /**
   * Its gateway has ended the stream by itself, and its client was told so: where the end that was made here is in the ledger
   * already, that row is put right. The tokens stay, since they were made.
   */
  undelivered({ gatewayId, stream, reason }: CancelStream): void {
    if (reason !== 'gateway_failed') return;
    const end = this.ends.take(gatewayId, stream);
    if (end === null || end.ending.outcome === 'interrupted' || end.ending.outcome === 'client_cancelled') return;
    const { facts, ending } = end;
    this.writeEnd(facts, { ...ending, ...outcomeOf({ kind: 'cancelled', reason }, true) });
    this.logger.warn({
      msg: 'the end of an answer was lost with a connection to nats-server, and its client was told stream_interrupted: its row says interrupted now',
      request_id: facts.requestId,
      was: ending.outcome,
    });
  }

  /** Refused at the door: counted in metrics, no row in the ledger. */
  refused(head: GenerateRequest, error: CodedError): void {
    this.metrics.refuse(error.code);
    this.reservations.settle(head, 0);
  }

  /** Resolves when all of it is written down. */
  async idle(): Promise<void> {
    await Promise.all(this.counting);
    await this.journal.idle();
  }

  private writeEnd(facts: RequestFacts, ending: RequestEnding): void {
    this.journal.add({ kind: 'finished', owner: this.instanceId, ...facts, ...ending });
  }

  private close(head: GenerateRequest, facts: RequestFacts, ending: RequestEnding, backend: Backend): void {
    this.writeEnd(facts, ending);
    this.ends.add(head, facts, ending);
    this.metrics.end(facts, ending);
    if (backend === 'fallback') this.metrics.fallback(head.endpoint, ending);
    if (TIMEOUTS.includes(ending.errorCode)) this.timeouts += 1;
    this.logger.log({
      msg: 'request finished',
      request_id: facts.requestId,
      user_id: facts.userId,
      model: facts.model,
      ctx_len: facts.ctxLen,
      input_tokens: ending.inputTokens,
      output_tokens: ending.outputTokens,
      queue_ms: ending.queueMs,
      ttft_ms: ending.ttftMs,
      latency_ms: ending.latencyMs,
      status_code: ending.statusCode,
      outcome: ending.outcome,
      error_code: ending.errorCode,
      ...(backend === 'vllm' ? {} : { backend }),
    });
    this.reservations.settle(head, ending.inputTokens + ending.outputTokens);
  }
}
