import { Detokenizer, EOS, tokenize } from './simulated-tokens';

/**
 * What the simulator answers: plainly marked, endless if need be, and a pure function of the last message (or the
 * prompt of a completion), the choice and the seed. Tests compute it to check every byte that came over the wire.
 */
const SENTENCES = [
  'This text was not written by a model. ',
  'Every token comes from a table, one for each step of the engine. ',
  '안녕하세요, 이 답변은 시뮬레이션입니다. ',
  '토큰은 한 번에 하나씩 도착합니다. ',
  'Streams that run together advance together 🚀. ',
  '그래서 모든 스트림이 같은 박자로 움직입니다 😀. ',
  'Quotes "like these", a back\\slash, a <tag> and an & stay as they are. ',
  'A short list:\n\n- first\n- second\n- third\n\n',
  '```python\ndef add(a, b):\n    return a + b\n```\n\n',
  '```ts\nconst answer: number = 42;\n```\n\n',
  'Numbers: 3.14159, 2,048 and 10%. ',
  'The queue is short, the cache is warm, the clock is monotonic. ',
  '문장은 계속되고, 숫자 1, 2, 3도 나옵니다. ',
  'Naïve café, Straße, 漢字, кириллица and ∑ are all one step each. ',
] as const;

/** A natural answer is this long, in tokens, rounded up to the end of its sentence. */
const SHORTEST_ANSWER = 40;
const LENGTH_SPREAD = 130;
const QUOTED_PROMPT = 48;

/** FNV-1a, 32 bits. */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** A small seeded generator (mulberry32): the same seed gives the same answers on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface AnswerOptions {
  /** Which of the `n` choices. */
  readonly choice?: number;
  /** The request's seed, or 0. */
  readonly seed?: number;
}

/** The tokens of one answer. Past `naturalLength` it goes on for requests that ignore the end (`ignore_eos`). */
export class SimulatedAnswer {
  /** Tokens before the end-of-answer token. */
  readonly naturalLength: number;
  private readonly tokens: number[] = [];
  private readonly random: () => number;

  constructor(prompt: string, { choice = 0, seed = 0 }: AnswerOptions = {}) {
    const hash = hash32(prompt, 0x811c9dc5 ^ Math.imul(choice + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b));
    this.random = seededRandom(hash);
    const quoted = prompt.slice(0, QUOTED_PROMPT).replace(/\s+/gu, ' ').toWellFormed();
    this.tokens.push(...tokenize(`[simulated] You wrote "${quoted}". `));
    const target = SHORTEST_ANSWER + (hash % LENGTH_SPREAD);
    while (this.tokens.length < target) this.addSentence();
    this.naturalLength = this.tokens.length;
  }

  /** The token at a position; the position after the last natural one is the end-of-answer token unless `endless`. */
  tokenAt(position: number, endless = false): number {
    if (position >= this.naturalLength && !endless) return EOS;
    while (this.tokens.length <= position) this.addSentence();
    return this.tokens[position] ?? EOS;
  }

  private addSentence(): void {
    const sentence = SENTENCES[Math.floor(this.random() * SENTENCES.length)] ?? SENTENCES[0];
    this.tokens.push(...tokenize(sentence));
  }
}

export interface ExpectedAnswer {
  readonly text: string;
  /** As usage counts them: the end-of-answer token is one of them. */
  readonly completionTokens: number;
  readonly finishReason: 'stop' | 'length';
  /** The content of each event, in order; '' where a character was not complete yet, and at the end-of-answer token. */
  readonly pieces: readonly string[];
}

/** What the simulator must answer to `prompt` (the last message) when at most `maxTokens` are asked for. */
export function expectedAnswer(prompt: string, maxTokens = Infinity, options: AnswerOptions = {}): ExpectedAnswer {
  const answer = new SimulatedAnswer(prompt, options);
  const detokenizer = new Detokenizer();
  const pieces: string[] = [];
  const natural = answer.naturalLength < maxTokens;
  const visible = Math.min(answer.naturalLength, maxTokens);
  for (let i = 0; i < visible; i++) pieces.push(detokenizer.push(answer.tokenAt(i)));
  if (natural) pieces.push('');
  return {
    text: pieces.join(''),
    completionTokens: pieces.length,
    finishReason: natural ? 'stop' : 'length',
    pieces,
  };
}
