import { TEMPLATE_TOKENS } from './fit-context';

/** A prompt with texts of which less can be shown, as the engine reads it. */
export interface WindowedPrompt {
  request: Readonly<Record<string, unknown>>;
  /** Of the texts of which less can be shown, characters. */
  windowChars: number;
}

export interface AnswerRoom {
  /** What is asked for, tokens. */
  tokens: number;
  /** Less than this is no answer: rather less is shown. */
  least: number;
}

/** What fits: the share of the windows that is shown (1: all), and the length of the answer, tokens. */
export interface Fit {
  share: number;
  maxTokens: number;
}

/** Texts are not equally dense, so a cut is looked at again; four take at most a few milliseconds each. */
const MOST_COUNTS = 5;
/** Cut a quarter deeper than the density of the whole prompt says. */
const MARGIN = 1.25;
const [LEAST_KEPT, MOST_KEPT] = [0.1, 0.95];

/** The window for a share of what `mostChars` would show of a text, characters. */
export function partOfWindow(text: string, mostChars: number, share: number): number {
  return Math.floor(Math.min(text.length, mostChars) * share);
}

/** A token is at least one byte of text: what has fewer bytes than there is room needs no counting. */
export function surelyFits(request: unknown, answerTokens: number, contextTokens: number): boolean {
  return Buffer.byteLength(JSON.stringify(request)) + TEMPLATE_TOKENS + answerTokens <= contextTokens;
}

/**
 * Shows less of a prompt's windows, and asks for a shorter answer, until both are within the model's context. What cannot be
 * made to fit stays too long: the engine says so.
 * @param render the prompt with that share of its windows.
 * @param count null: the engine cannot tell; Infinity: more than it would even count.
 */
export async function fitWindows(
  contextTokens: number,
  answer: AnswerRoom,
  render: (share: number) => WindowedPrompt,
  count: (request: WindowedPrompt['request']) => Promise<number | null>,
): Promise<Fit> {
  let share = 1;
  for (let counts = 1; ; counts += 1) {
    const { request, windowChars } = render(share);
    const tokens = await count(request);
    const room = tokens === null ? answer.tokens : contextTokens - tokens;
    if (room >= answer.least) return { share, maxTokens: Math.min(answer.tokens, room) };
    if (windowChars === 0 || counts === MOST_COUNTS) return { share, maxTokens: answer.tokens };
    share *= shareKept(JSON.stringify(request).length, windowChars, tokens ?? 0, answer.least - room);
  }
}

/** @param excess tokens. */
function shareKept(chars: number, windowChars: number, tokens: number, excess: number): number {
  if (!Number.isFinite(tokens)) return LEAST_KEPT;
  const drop = (excess * MARGIN * chars) / tokens;
  return Math.min(MOST_KEPT, Math.max(LEAST_KEPT, (windowChars - drop) / windowChars));
}
