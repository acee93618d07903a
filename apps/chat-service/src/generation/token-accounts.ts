import type { RequestEnding, RequestFacts } from '#contracts/usage';
import type { EnginePool } from '../engines/http/engine-pool';
import { countPromptTokens } from '../engines/prompt-tokens';

/** What is known of a request whose engine did not say its usage. */
export interface Uncounted {
  facts: RequestFacts;
  body: Uint8Array;
  /** Events that carried a token. */
  tokenEvents: number;
}

/** How fast an engine is, from the requests that it counted itself. */
interface Pace {
  ttftMs: number;
  msPerToken: number;
  tokensPerEvent: number;
}

/** The newest request counts so much; an engine's pace changes with its load within seconds. */
const NEWEST = 0.2;
/** Shorter answers say little about a pace. */
const ENOUGH_TOKENS = 8;
/** One token in an event is the rule; more than this above it and events are no count. */
const MERGED = 1.01;

/**
 * Counts what an engine did not count for us: its client left, the stream broke, a deadline passed. Events of the stream
 * stand for tokens as long as the engine's own counts say so; the prompt is counted by the engine's tokenizer, after the
 * end and off the token path. What is only a guess is marked `estimated`.
 */
export class TokenAccounts {
  private readonly paces = new Map<string, Pace>();

  /** @param engine its life, or any name for it. */
  learn(
    engine: string,
    { countMethod, outcome, outputTokens, ttftMs, latencyMs, queueMs }: RequestEnding,
    events: number,
  ): void {
    // Whole, and yet not completed: it waited for the ledger in vain, and its time says nothing about the engine.
    if (countMethod !== 'exact' || outcome !== 'completed' || outputTokens < ENOUGH_TOKENS) return;
    const known = this.paces.get(engine);
    const streamed = ttftMs !== null && events > 0;
    const first = streamed ? ttftMs - queueMs : (known?.ttftMs ?? 0);
    const fresh: Pace = {
      ttftMs: first,
      msPerToken: Math.max(0, latencyMs - queueMs - first) / outputTokens,
      tokensPerEvent: streamed ? outputTokens / events : (known?.tokensPerEvent ?? 1),
    };
    this.paces.set(engine, known === undefined ? fresh : blend(known, fresh));
    // An engine that restarts is another one; a few are remembered.
    for (const oldest of this.paces.keys()) {
      if (this.paces.size <= 16) break;
      this.paces.delete(oldest);
    }
  }

  /** The ending with the best counts that can be had; asks the engine for the length of the prompt where one was read. */
  async settle(engine: string, ending: RequestEnding, seen: Uncounted, pool: EnginePool): Promise<RequestEnding> {
    const output = this.outputOf(engine, ending, seen);
    if (output.tokens === 0 && seen.tokenEvents === 0)
      return { ...ending, countMethod: output.guessed ? 'estimated' : 'counted' };
    // The engine may be gone, which is why it did not count; or another server, which cannot.
    const promptTokens = await countPromptTokens(pool, seen.facts.model, seen.body).catch(() => null);
    return {
      ...ending,
      inputTokens: promptTokens ?? ending.inputTokens,
      outputTokens: output.tokens,
      countMethod: promptTokens === null || output.guessed ? 'estimated' : 'counted',
    };
  }

  private outputOf(engine: string, ending: RequestEnding, seen: Uncounted): { tokens: number; guessed: boolean } {
    const pace = this.paces.get(engine);
    if (seen.facts.stream || !wasAtWork(ending)) {
      const perEvent = pace?.tokensPerEvent ?? 1;
      const merged = perEvent > MERGED;
      return { tokens: merged ? Math.round(seen.tokenEvents * perEvent) : seen.tokenEvents, guessed: merged };
    }
    // Without a stream nothing of the answer was seen: as much as the engine makes in this time.
    if (pace === undefined || pace.msPerToken === 0) return { tokens: 0, guessed: true };
    const ms = Math.max(0, ending.latencyMs - ending.queueMs - pace.ttftMs);
    const limit = maxTokensOf(seen.body) ?? seen.facts.ctxLen ?? Number.MAX_SAFE_INTEGER;
    const each = Math.min(Math.floor(ms / pace.msPerToken), limit);
    return { tokens: each * seen.facts.choices, guessed: true };
  }
}

/** What the request allowed for each answer; null where it set no limit. */
function maxTokensOf(body: Uint8Array): number | null {
  const request = JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, unknown>;
  const limit = request['max_completion_tokens'] ?? request['max_tokens'];
  return typeof limit === 'number' ? limit : null;
}

/** Whether the engine may have worked on an answer of which nothing was seen: it neither refused it nor was it away. */
function wasAtWork({ outcome, errorCode }: RequestEnding): boolean {
  if (outcome === 'error') return errorCode === 'engine_error';
  // It works while the ledger is waited for.
  return outcome !== 'rejected' || errorCode === 'ledger_unavailable';
}

function blend(known: Pace, fresh: Pace): Pace {
  const mix = (old: number, one: number): number => old + NEWEST * (one - old);
  return {
    ttftMs: mix(known.ttftMs, fresh.ttftMs),
    msPerToken: mix(known.msPerToken, fresh.msPerToken),
    tokensPerEvent: mix(known.tokensPerEvent, fresh.tokensPerEvent),
  };
}
