import { z } from 'zod';
import type { RequestSample } from './figures';

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: z.string().nullish(),
            reasoning_content: z.string().nullish(),
            reasoning: z.string().nullish(),
          })
          .nullish(),
      }),
    )
    .default([]),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullish(),
  error: z.object({ message: z.string() }).optional(),
});

/** What one streamed answer was: when its tokens came, and what they said. */
export class StreamReading {
  private firstTokenMs: number | null = null;
  private lastTokenMs = 0;
  private usage: { prompt_tokens: number; completion_tokens: number } | null = null;
  private readonly parts: string[] = [];
  private rest = '';

  /** @param atMs since the request was sent. */
  read(bytes: Buffer, atMs: number): void {
    const events = (this.rest + bytes.toString('utf8')).split('\n\n');
    this.rest = events.pop() ?? '';
    for (const event of events) if (event.startsWith('data: {')) this.take(event.slice('data: '.length), atMs);
  }

  get text(): string {
    return this.parts.join('');
  }

  /** @throws Error when it ended without a token or without its usage. */
  sample(): RequestSample {
    if (this.firstTokenMs === null || this.usage === null) throw new Error('The answer ended without a token.');
    return {
      firstTokenMs: this.firstTokenMs,
      lastTokenMs: this.lastTokenMs,
      promptTokens: this.usage.prompt_tokens,
      outputTokens: this.usage.completion_tokens,
    };
  }

  private take(json: string, atMs: number): void {
    const chunk = chunkSchema.parse(JSON.parse(json));
    if (chunk.error !== undefined) throw new Error(chunk.error.message);
    if (chunk.usage != null) this.usage = chunk.usage;
    const delta = chunk.choices[0]?.delta;
    const text = (delta?.reasoning_content ?? '') + (delta?.reasoning ?? '') + (delta?.content ?? '');
    if (text === '') return; // the role's event, or one that only ends the answer
    this.firstTokenMs ??= atMs;
    this.lastTokenMs = atMs;
    this.parts.push(text);
  }
}
