import { eventually } from '#testing/eventually';
import { parseMetrics } from '#testing/simulator';
import { events, type RawResponse } from './raw-http';

export type Tools = 'with a tool parser' | 'without a tool parser';

export const MODEL = 'tiny-chat';
export const CHAT = '/v1/chat/completions';
export const MESSAGES = '/v1/messages';
export const RESPONSES = '/v1/responses';
export const HELLO = [{ role: 'user', content: 'Hello, tell me a story.' }];
/** The first request with logprobs compiles for a quarter of a minute on a real engine. */
export const SLOW_MS = 120_000;

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}
export interface Choice {
  index: number;
  delta: { role?: string; content?: string | null; tool_calls?: ToolCallDelta[] };
  message: { content: string | null; tool_calls?: { function: { name: string; arguments: string } }[] };
  text: string;
  finish_reason: string | null;
  stop_reason: unknown;
  logprobs: { content: { token: string; logprob: number; bytes: number[]; top_logprobs: unknown[] }[] } | null;
}
export interface ToolCallDelta {
  index: number;
  id?: string;
  function: { name?: string; arguments?: string };
}
export interface Answer {
  id: string;
  choices: Choice[];
  usage: Usage;
  system_fingerprint?: string;
  error?: { message: string; type: string; param: string | null; code: number };
}

export const body = (response: RawResponse): Answer => JSON.parse(response.body) as Answer;
export const chunksOf = (response: RawResponse): Answer[] =>
  events(response).filter((event): event is Answer => event !== '[DONE]');
export const chat = (extra: Record<string, unknown>): Record<string, unknown> => ({
  model: MODEL,
  messages: HELLO,
  ...extra,
});
export const textOf = (chunks: readonly Answer[]): string =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

/** The engine under test, as the cases see it. */
export class EngineClient {
  constructor(
    readonly tools: Tools,
    private readonly engine: () => { readonly url: string },
  ) {}

  get url(): string {
    return this.engine().url;
  }

  /** With a parser, a token that adds no text has no event. */
  get parses(): boolean {
    return this.tools === 'with a tool parser';
  }

  async metrics(): Promise<Record<string, number>> {
    return parseMetrics(await (await fetch(`${this.url}/metrics`)).text());
  }

  async metric(name: string): Promise<number> {
    return (await this.metrics())[name] ?? -1;
  }

  running(): Promise<number> {
    return this.metric('vllm:num_requests_running');
  }

  idle(): Promise<boolean> {
    return eventually(async () => (await this.running()) === 0, { timeoutMs: 30_000 });
  }

  /** What the counters grew by while `action` ran. */
  async growth(action: () => Promise<unknown>): Promise<(name: string) => number> {
    await this.idle();
    const before = await this.metrics();
    await action();
    await this.idle();
    const after = await this.metrics();
    return (name) => (after[name] ?? 0) - (before[name] ?? 0);
  }
}
