import { CodedError } from '#contracts/errors';

/** A message as the engine takes it. */
export interface EngineMessage {
  role: string;
  content?: unknown;
  [field: string]: unknown;
}

/** A conversation taken apart: what must stay, and what may go. */
export interface Context {
  /** System prompts: never dropped. */
  system: readonly EngineMessage[];
  /** Turns of the history, oldest first: a question with what followed it. */
  turns: readonly (readonly EngineMessage[])[];
  /** The question: never dropped. */
  question: readonly EngineMessage[];
}

export interface Budget {
  /** The model's context, tokens. */
  contextTokens: number;
  /** Tokens that the client asks for; null: as many as there is room for. */
  maxTokens: number | null;
}

export interface FittedContext {
  messages: EngineMessage[];
  droppedTurns: number;
  /** Null: it surely fits, and nobody counted. */
  promptTokens: number | null;
}

/** Counts what the engine would read; null when it cannot tell. Infinity: more than it would even count. */
export type CountTokens = (messages: readonly EngineMessage[]) => Promise<number | null>;

/** Room for an answer that history must leave where the client asks for none. */
const ANSWER_TOKENS = 1_024;
/** Of a small context, history may fill this much. */
const LARGEST_SHARE = 0.75;
/** What a chat template may add: a few tokens around each message, and a prompt of its own. */
export const TEMPLATE_TOKENS = 1_024;
const TEMPLATE_TOKENS_A_MESSAGE = 16;

/**
 * Drops turns from the oldest on until the rest fits, exactly: one turn more would not. A token is at least one byte of
 * text, so what has fewer bytes than there is room needs no counting.
 * @throws CodedError `context_length_exceeded` when system prompt and question alone are too long.
 */
export async function fitContext(context: Context, budget: Budget, count: CountTokens): Promise<FittedContext> {
  const room = roomOf(budget);
  if (surelyFits(context, room)) return { messages: messagesOf(context, 0), droppedTurns: 0, promptTokens: null };
  const all = await count(messagesOf(context, 0));
  if (all === null || all <= room) return { messages: messagesOf(context, 0), droppedTurns: 0, promptTokens: all };
  const turns = context.turns.length;
  const bare = turns === 0 ? all : ((await count(messagesOf(context, turns))) ?? 0);
  const hardRoom = budget.contextTokens - (budget.maxTokens ?? 1);
  if (bare > hardRoom) throw tooLong(bare, budget);
  const fitted = bare >= room ? { dropped: turns, tokens: bare } : await leastDropped(context, room, bare, all, count);
  return {
    messages: messagesOf(context, fitted.dropped),
    droppedTurns: fitted.dropped,
    promptTokens: fitted.tokens,
  };
}

function roomOf({ contextTokens, maxTokens }: Budget): number {
  const answer = maxTokens ?? Math.min(ANSWER_TOKENS, Math.floor(contextTokens * (1 - LARGEST_SHARE)));
  return contextTokens - answer;
}

/** The smallest number of turns without which it fits. Begins where the bytes say it should be, then halves. */
async function leastDropped(
  context: Context,
  room: number,
  bare: number,
  all: number,
  count: CountTokens,
): Promise<{ dropped: number; tokens: number }> {
  let low = 1;
  let high = context.turns.length;
  let tokens = bare;
  let next = guess(context.turns, Number.isFinite(all) ? (room - bare) / (all - bare) : 0);
  for (let step = 0; low < high; step++) {
    const at = Math.min(high - 1, Math.max(low, next));
    const counted = await count(messagesOf(context, at));
    const fits = (counted ?? Infinity) <= room;
    if (fits) [high, tokens] = [at, counted ?? tokens];
    else low = at + 1;
    // A good guess is wrong by one; a bad one by any number.
    next = step === 0 ? (fits ? at - 1 : at + 1) : Math.floor((low + high) / 2);
  }
  return { dropped: high, tokens };
}

/** How many turns to drop so that this share of the history's bytes stays. */
function guess(turns: Context['turns'], share: number): number {
  const sizes = turns.map(bytesOf);
  let kept = sizes.reduce((sum, size) => sum + size, 0);
  const allowed = kept * share;
  const at = sizes.findIndex((size) => {
    if (kept <= allowed) return true;
    kept -= size;
    return false;
  });
  return at === -1 ? turns.length : at;
}

function surelyFits({ system, turns, question }: Context, room: number): boolean {
  const messages = system.length + question.length + turns.reduce((sum, turn) => sum + turn.length, 0);
  const most = room - TEMPLATE_TOKENS - messages * TEMPLATE_TOKENS_A_MESSAGE;
  return most > 0 && bytesOf(system) + bytesOf(question) + turns.reduce((sum, turn) => sum + bytesOf(turn), 0) <= most;
}

function bytesOf(messages: readonly EngineMessage[]): number {
  return messages.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(message)), 0);
}

function messagesOf({ system, turns, question }: Context, dropped: number): EngineMessage[] {
  return [...system, ...turns.slice(dropped).flat(), ...question];
}

/** In vLLM's and OpenAI's words. */
function tooLong(tokens: number, { contextTokens, maxTokens }: Budget): CodedError {
  const asked = maxTokens === null ? '' : ` and you asked for ${maxTokens} more`;
  const resulted = Number.isFinite(tokens) ? `resulted in ${tokens} tokens` : 'resulted in far more tokens';
  return new CodedError(
    'context_length_exceeded',
    `This model's maximum context length is ${contextTokens} tokens. However, your question and the system prompt alone ` +
      `${resulted}${asked}. Please shorten them.`,
    { param: 'content' },
  );
}
