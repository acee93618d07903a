import type { CodeAnswer, CodeMeta, CodeUsage } from '#contracts/code';
import { FrameKind, MAX_BATCH_BYTES } from '#contracts/frames';
import type { AnswerRewriter, RewrittenKind } from '../generation/answer-rewriter';
import { ChunkBuffer, type ChunkOptions } from './chunk-buffer';
import { readAnswer, readChunks } from './engine-events';
import { OutputCleaner, type CleanerOptions } from './output-cleaner';

type Emit = (kind: RewrittenKind, bytes: Buffer) => void;

/** Text of a model in, code out. */
interface TextFilter {
  push(text: string): string;
  end(): string;
}

/** Every character is code. */
const RAW: TextFilter = { push: (text) => text, end: () => '' };

function filterFor(cleaner: CleanerOptions | null): TextFilter {
  return cleaner === null ? RAW : new OutputCleaner(cleaner);
}

/** Events for a stream of code: `meta`, chunks in OpenAI's format, the token counts, `[DONE]`. */
export class CodeStream implements AnswerRewriter {
  private readonly filter: TextFilter;
  private readonly chunks: ChunkBuffer;
  private readonly chunkStart: string;
  private emit: Emit = () => undefined;
  private begun = false;
  private finishReason: string | null = null;
  private usage: CodeUsage | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly meta: CodeMeta,
    cleaner: CleanerOptions | null,
    options: ChunkOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.filter = filterFor(cleaner);
    this.chunks = new ChunkBuffer(options);
    const head = {
      id: meta.requestId,
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1_000),
      model: meta.model,
    };
    this.chunkStart = `data: ${JSON.stringify(head).slice(0, -1)},"choices":`;
  }

  open(emit: Emit): void {
    this.emit = emit;
  }

  push(bytes: Buffer, start: number, end: number): void {
    let events = this.preface();
    for (const { text, finishReason, usage } of readChunks(bytes.toString('utf8', start, end))) {
      this.finishReason = finishReason ?? this.finishReason;
      this.usage = usage ?? this.usage;
      if (text !== '') events += this.chunk(this.chunks.push(this.filter.push(text), this.now()));
    }
    if (events !== '') this.send(events);
    this.arm();
  }

  end(complete: boolean): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const last = this.chunks.push(this.filter.end(), this.now());
    const rest = this.chunk(last + this.chunks.flush());
    if (complete) this.send(`${this.preface()}${rest}${this.ending()}`);
    else if (rest !== '') this.send(rest);
  }

  private preface(): string {
    if (this.begun) return '';
    this.begun = true;
    return `event: meta\ndata: ${JSON.stringify(this.meta)}\n\n`;
  }

  private ending(): string {
    const finish = [{ index: 0, delta: {}, finish_reason: this.finishReason ?? 'stop' }];
    const usage =
      this.usage === null ? '' : `${this.chunkStart}[],"usage":${JSON.stringify(openAiUsage(this.usage))}}\n\n`;
    return `${this.chunkStart}${JSON.stringify(finish)}}\n\n${usage}data: [DONE]\n\n`;
  }

  private chunk(content: string): string {
    if (content === '') return '';
    return `${this.chunkStart}[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}\n\n`;
  }

  private send(events: string): void {
    this.emit(FrameKind.data, Buffer.from(events));
  }

  /** Text that waits for more of it leaves when its time has come, whether more came or not. */
  private arm(): void {
    const { dueAt } = this.chunks;
    if (dueAt === null || this.timer !== null) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        const chunk = this.chunk(this.chunks.poll(this.now()));
        if (chunk !== '') this.send(chunk);
        this.arm();
      },
      Math.max(1, dueAt - this.now()),
    );
  }
}

/** One JSON body with the code, from the engine's one. */
export class WholeCode implements AnswerRewriter {
  private readonly parts: Buffer[] = [];
  private emit: Emit = () => undefined;

  constructor(
    private readonly meta: CodeMeta,
    private readonly cleaner: CleanerOptions | null,
  ) {}

  open(emit: Emit): void {
    this.emit = emit;
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  end(complete: boolean): void {
    if (!complete) return;
    const { text, finishReason, usage } = readAnswer(Buffer.concat(this.parts).toString('utf8'));
    const filter = filterFor(this.cleaner);
    const answer: CodeAnswer = { ...this.meta, code: filter.push(text) + filter.end(), finishReason, usage };
    const body = Buffer.from(JSON.stringify(answer));
    for (let at = 0; at < body.length; at += MAX_BATCH_BYTES)
      this.emit(FrameKind.body, body.subarray(at, at + MAX_BATCH_BYTES));
  }
}

function openAiUsage({ inputTokens, outputTokens }: CodeUsage): Record<string, number> {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}
