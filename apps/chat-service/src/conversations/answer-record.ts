import type { RequestEnding } from '#contracts/usage';

/** What is written down of an answer: as far as it has come, or as it ended. */
export interface AnswerSnapshot {
  id: string;
  content: string;
  reasoning: string | null;
  stopReason: string | null;
  ending: RequestEnding | null;
}

interface Chunk {
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null; reasoning?: string | null };
    finish_reason?: string | null;
  }[];
}

/** Postgres's text holds everything but NUL. */
const NUL = /\0/g;

/**
 * Keeps one answer while it is streamed. The relay hands over its bytes as they pass; they are read a few times a second,
 * all of them at once.
 */
export class AnswerRecord {
  private bytes: Buffer[] = [];
  private content = '';
  private reasoning = '';
  private stopReason: string | null = null;
  private ending: RequestEnding | null = null;

  constructor(readonly id: string) {}

  /** Whether something is not written down yet. */
  dirty = false;

  /** Whole SSE events: a view, valid during the call only. */
  readonly take = (bytes: Buffer, start: number, end: number): void => {
    this.bytes.push(Buffer.from(bytes.subarray(start, end)));
    this.dirty = true;
  };

  end(ending: RequestEnding): void {
    this.ending = ending;
    this.dirty = true;
  }

  get ended(): boolean {
    return this.ending !== null;
  }

  /** Characters in memory. */
  get size(): number {
    return this.content.length + this.reasoning.length;
  }

  /** Reads what has come since, and hands back all of it. */
  read(): AnswerSnapshot {
    const text = Buffer.concat(this.bytes).toString('utf8');
    this.bytes = [];
    for (const line of text.split(/\r\n|\r|\n/)) if (line.startsWith('data:')) this.hear(line.slice('data:'.length));
    this.dirty = false;
    return {
      id: this.id,
      content: storable(this.content),
      reasoning: this.reasoning === '' ? null : storable(this.reasoning),
      stopReason: this.stopReason,
      ending: this.ending,
    };
  }

  private hear(data: string): void {
    if (data.trim() === '[DONE]') return;
    const choice = parse(data)?.choices?.[0];
    if (choice === undefined) return;
    this.content += choice.delta?.content ?? '';
    // vLLM's name for it was `reasoning_content` up to 0.11, and is `reasoning` since.
    this.reasoning += choice.delta?.reasoning ?? choice.delta?.reasoning_content ?? '';
    this.stopReason = choice.finish_reason ?? this.stopReason;
  }
}

function parse(data: string): Chunk | null {
  try {
    return JSON.parse(data) as Chunk;
  } catch (error) {
    // The client was shown the same; there is no text in it that could be kept.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function storable(text: string): string {
  return text.toWellFormed().replace(NUL, '\ufffd');
}
