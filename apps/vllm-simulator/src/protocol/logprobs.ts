import { hash32 } from '#testing/simulated-text';
import { tokenPiece } from '#testing/simulated-tokens';

const ALTERNATIVES = [
  ' the',
  ' a',
  ' and',
  ' 그리고',
  '.',
  ',',
  ' of',
  '\n',
  ' to',
  ' in',
  '!',
  ' 이',
  ' is',
  ' we',
  ' it',
];

export interface TokenLogprob {
  readonly text: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly alternatives: readonly { text: string; logprob: number; bytes: readonly number[] }[];
}

/** Deterministic numbers in a plausible range: there is no distribution behind them. */
const logprobOf = (text: string, position: number): number => -(hash32(text, position + 1) % 4000) / 1000 - 0.001;

const bytesOf = (text: string): number[] => [...Buffer.from(text)];

/** `text` is what the token says by itself; a token that is a part of a character says nothing, as in vLLM. */
export function tokenLogprob(token: number, position: number, top: number): TokenLogprob {
  const piece = tokenPiece(token);
  const text = typeof piece === 'string' ? piece : '';
  const own = { text, logprob: logprobOf(text, position), bytes: bytesOf(text) };
  const others = ALTERNATIVES.filter((other) => other !== text)
    .slice(0, Math.max(0, top - 1))
    .map((other) => ({
      text: other,
      logprob: own.logprob - logprobOf(other, position) * -1 - 0.5,
      bytes: bytesOf(other),
    }));
  return { ...own, alternatives: top > 0 ? [own, ...others] : [] };
}

/** As an item of `logprobs.content` of a chat choice. */
export function chatLogprob({ text, logprob, bytes, alternatives }: TokenLogprob): unknown {
  const top = alternatives.map((other) => ({ token: other.text, logprob: other.logprob, bytes: other.bytes }));
  return { token: text, logprob, bytes, top_logprobs: top };
}

/** The `logprobs` of a completion choice. */
export interface CompletionLogprobs {
  text_offset: number[];
  token_logprobs: (number | null)[];
  tokens: string[];
  top_logprobs: (Record<string, number> | null)[];
}

export function completionLogprobs(tokens: readonly TokenLogprob[], offset: number): CompletionLogprobs {
  const result: CompletionLogprobs = { text_offset: [], token_logprobs: [], tokens: [], top_logprobs: [] };
  let at = offset;
  for (const { text, logprob, alternatives } of tokens) {
    result.text_offset.push(at);
    result.token_logprobs.push(logprob);
    result.tokens.push(text);
    result.top_logprobs.push(Object.fromEntries(alternatives.map((other) => [other.text, other.logprob])));
    at += text.length;
  }
  return result;
}
