import { CodedError } from '#contracts/errors';
import type { AnswerScore, BenchmarkLoad } from '#contracts/benchmarks';
import type { SystemAnswer, SystemRequest } from '#common/system-requests';
import { scoreAnswers, type Answer } from './answer-score';
import { loadFigures, type LoadShape, type RequestSample } from './figures';
import { promptOf, QUESTIONS, tokensPerWord, wordsFor } from './prompts';
import { StreamReading } from './stream-reading';

export interface Asks {
  ask(request: SystemRequest, answer: SystemAnswer): () => void;
}

/** One, a small team, a busy one; a question, and a question with a document. */
const USERS = [1, 5, 10] as const;
const PROMPT_TOKENS = [128, 2_048] as const;
/** Long enough for the pace to settle; with all loads about a minute on two RTX 3090 and a 14B model. */
const OUTPUT_TOKENS = 128;
/** Requests of each user, one after the other. */
const ROUNDS = 2;
/** A short paragraph and its code; a reasoning model is scored by how it thinks. */
const ANSWER_TOKENS = 256;
const WARM_UP_TOKENS = 8;
/** Past it something is broken: ten users with 2,048 tokens each are prefilled within seconds. */
const REQUEST_LIMIT_MS = 180_000;

interface Exchange {
  sample: RequestSample;
  text: string;
}

/** The loads for a model of this context; those whose prompt and answer would not fit are left out. */
export function plannedLoads(maxModelLen: number | null): LoadShape[] {
  const most = maxModelLen ?? Infinity;
  return PROMPT_TOKENS.filter((tokens) => tokens + OUTPUT_TOKENS <= most).flatMap((promptTokens) =>
    USERS.map((users) => ({ users, promptTokens })),
  );
}

/** Measures one model through chat-service. Every method rejects as soon as `signal` aborts, with its reason. */
export class BenchmarkRunner {
  private perWord = 1;

  constructor(
    private readonly requests: Asks,
    private readonly model: string,
    private readonly signal: AbortSignal,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * What a prompt of each length compiles or loads is not measured; it also tells how the tokenizer cuts words.
   * @throws CodedError as the requests do.
   */
  async warmUp(shapes: readonly LoadShape[]): Promise<void> {
    for (const tokens of new Set(shapes.map(({ promptTokens }) => promptTokens))) {
      const words = wordsFor(tokens, this.perWord);
      const { sample } = await this.exchange(promptOf(words, this.random), WARM_UP_TOKENS, true);
      this.perWord = tokensPerWord(words, sample.promptTokens);
    }
  }

  /** The fixed questions, all at once. */
  async answers(): Promise<AnswerScore | null> {
    const answers = QUESTIONS.map(async (question): Promise<Answer> => {
      const { text, sample } = await this.exchange(question, ANSWER_TOKENS, false);
      return { text, outputTokens: sample.outputTokens };
    });
    return scoreAnswers(await Promise.all(answers));
  }

  async load(shape: LoadShape): Promise<BenchmarkLoad> {
    const samples: RequestSample[] = [];
    const began = performance.now();
    const user = async (): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { sample } = await this.exchange(
          promptOf(wordsFor(shape.promptTokens, this.perWord), this.random),
          OUTPUT_TOKENS,
          true,
        );
        samples.push(sample);
      }
    };
    await Promise.all(Array.from({ length: shape.users }, user));
    return loadFigures(shape, samples, performance.now() - began);
  }

  /** @param exactly the answer has just so many tokens, whatever it says: lengths of answers would be measured else. */
  private exchange(content: string, maxTokens: number, exactly: boolean): Promise<Exchange> {
    const body = Buffer.from(
      JSON.stringify({
        messages: [{ role: 'user', content }],
        max_tokens: maxTokens,
        temperature: 0,
        ...(exactly ? { ignore_eos: true } : {}),
      }),
    );
    return new Promise((resolve, reject) => {
      const reading = new StreamReading();
      const sent = performance.now();
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', onAbort);
        act();
      };
      const leave = this.requests.ask(
        { endpoint: 'system/benchmark', model: this.model, body, streaming: true },
        {
          onBytes: (bytes) => {
            try {
              reading.read(bytes, performance.now() - sent);
            } catch (error) {
              leave();
              settle(() => reject(asError(error)));
            }
          },
          onEnd: () =>
            settle(() => {
              try {
                resolve({ sample: reading.sample(), text: reading.text });
              } catch (error) {
                reject(asError(error));
              }
            }),
          onError: (error) => settle(() => reject(error)),
        },
      );
      const onAbort = (): void => {
        leave();
        settle(() => reject(asError(this.signal.reason)));
      };
      const timer = setTimeout(() => {
        leave();
        settle(() =>
          reject(new CodedError('engine_error', 'A request of the benchmark did not end in three minutes.')),
        );
      }, REQUEST_LIMIT_MS);
      this.signal.addEventListener('abort', onAbort, { once: true });
      if (this.signal.aborted) onAbort();
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
