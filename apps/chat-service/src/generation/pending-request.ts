import type { CodedError } from '#contracts/errors';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import type { RequestEnding } from '#contracts/usage';
import { countTokens, errorOf, outcomeOf, type Ending } from './ending';

/** A request whose question is being written down. It can be ended before it is admitted, and hears of it afterwards. */
export class PendingRequest {
  private readonly since = performance.now();
  private ended: Exclude<Ending, { kind: 'completed' }> | null = null;

  constructor(readonly head: GenerateRequest) {}

  cancel(reason: CancelStream['reason']): void {
    this.ended ??= { kind: 'cancelled', reason };
  }

  fail(error: CodedError): void {
    this.ended ??= { kind: 'failed', error };
  }

  /** The database watches its own time. */
  checkDeadlines(): void {
    return;
  }

  /** How it was ended, and what its client is told; null: it may go on. */
  get end(): { ending: RequestEnding; error: CodedError } | null {
    if (this.ended === null) return null;
    const ending: RequestEnding = {
      ...countTokens(null, 0, 0),
      ...outcomeOf(this.ended, false),
      queueMs: 0,
      ttftMs: null,
      latencyMs: Math.round(this.head.spentMs + performance.now() - this.since),
    };
    return { ending, error: errorOf(this.ended) };
  }
}
