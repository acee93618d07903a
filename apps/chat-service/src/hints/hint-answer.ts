import { BACKEND_HEADER } from '#contracts/code';
import { FrameKind } from '#contracts/frames';
import type { HintAnswer, HintMeta } from '#contracts/hints';
import type { AnswerRewriter, RewrittenKind } from '../generation/answer-rewriter';
import { wireUsage, type ToldHint } from './hint-exchange';

type Emit = (kind: RewrittenKind, bytes: Buffer) => void;

/** What is known of a hint when all of it is there. */
export interface FinishedHint {
  meta: HintMeta;
  told: ToldHint;
  /** Who the client was told would answer. */
  announced: HintMeta['backend'];
}

/** Tells a hint that has been looked through: as events in OpenAI's format, or as one body. Before that it tells nothing. */
export class HintTelling implements AnswerRewriter {
  private emit: Emit = () => undefined;

  /** @param finished null while there is nothing to tell. */
  constructor(
    private readonly streaming: boolean,
    private readonly finished: () => FinishedHint | null,
  ) {}

  open(emit: Emit): void {
    this.emit = emit;
  }

  push(): void {
    // What the engine says is looked through first.
  }

  end(complete: boolean): void {
    const finished = complete ? this.finished() : null;
    if (finished === null) return;
    const { meta, told, announced } = finished;
    if (meta.backend !== announced)
      this.emit(FrameKind.headers, Buffer.from(JSON.stringify({ [BACKEND_HEADER]: meta.backend })));
    if (this.streaming) this.emit(FrameKind.data, Buffer.from(events(meta, told)));
    else this.emit(FrameKind.body, Buffer.from(JSON.stringify(answerOf(meta, told))));
  }
}

function answerOf(meta: HintMeta, { text, usage }: ToldHint): HintAnswer {
  const counted = usage === null ? null : { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens };
  return { ...meta, hint: text, usage: counted };
}

function events(meta: HintMeta, { text, usage }: ToldHint): string {
  const head = {
    id: meta.requestId,
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1_000),
    model: meta.model,
  };
  const chunk = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
  return [
    `event: meta\ndata: ${JSON.stringify(meta)}\n\n`,
    chunk([{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    usage === null ? '' : chunk([], { usage: wireUsage(usage) }),
    'data: [DONE]\n\n',
  ].join('');
}
