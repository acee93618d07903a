import type { EventWriter } from '../http/event-writer';
import type { Sequence } from '../engine/sequence';
import type { ChatRequest } from './chat-request';
import { chatLogprob, tokenLogprob } from './logprobs';
import { fingerprintTail, newId, streamUsage, usageOf, type ReplyHead } from './reply';
import { ToolCallProgress } from './tool-call-progress';

/** The events of a streamed chat answer, byte for byte as vLLM 0.32.0 writes them. */
export class ChatStream {
  private readonly prefix: string;
  private readonly calls = new Map<number, ToolCallProgress>();
  private started = false;
  private unfinished: number;
  private completionTokens = 0;
  private cachedTokens = 0;

  constructor(
    private readonly request: ChatRequest,
    private readonly head: ReplyHead,
    private readonly writer: EventWriter,
    private readonly onEnd: () => void,
  ) {
    const { id, created, model } = head;
    this.prefix = `{"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"choices":[`;
    this.unfinished = request.sampling.n;
  }

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    if (!this.started) this.start(sequence);
    this.completionTokens++;
    const { finishReason } = sequence;
    const delta = this.request.toolCall === null ? this.textDelta(text) : this.callDelta(sequence, text);
    const { topLogprobs, sampling } = this.request;
    if (delta !== null || finishReason !== null || topLogprobs !== null || sampling.returnTokenIds) {
      this.choiceEvent(sequence, token, delta ?? '{}');
    }
    if (finishReason === null) return;
    this.unfinished--;
    if (this.unfinished === 0) this.finish();
  };

  /** A server with a tool parser sends no event for a token that adds no text; one without sends an empty text. */
  private textDelta(text: string): string | null {
    return text === '' && this.request.parsed ? null : `{"content":${JSON.stringify(text)}}`;
  }

  private start(sequence: Sequence): void {
    this.started = true;
    this.cachedTokens = sequence.cachedTokens;
    const { n, returnTokenIds, continuousUsage } = this.request.sampling;
    const ids = returnTokenIds ? JSON.stringify(this.request.promptIds) : 'null';
    const usage = continuousUsage ? this.continuous(0) : '';
    for (let index = 0; index < n; index++) {
      const choice = `{"index":${index},"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`;
      this.writer.data(`${this.prefix}${choice}]${usage},"prompt_token_ids":${ids},"prompt_text":null}`);
    }
    if (this.request.echo === null) return;
    for (let index = 0; index < n; index++) {
      const delta = `{"content":${JSON.stringify(this.request.echo)}}`;
      this.writer.data(
        `${this.prefix}{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":null}]${usage}}`,
      );
    }
  }

  private choiceEvent(sequence: Sequence, token: number, delta: string): void {
    const { sampling, topLogprobs } = this.request;
    const { finishReason, index } = sequence;
    const logprobs =
      topLogprobs === null
        ? 'null'
        : JSON.stringify({ content: [chatLogprob(tokenLogprob(token, sequence.generated, topLogprobs))] });
    const finish =
      finishReason === null
        ? 'null'
        : `"${this.finishReason(sequence)}","stop_reason":${JSON.stringify(sequence.stopReason)}`;
    const ids = sampling.returnTokenIds ? `[${token}]` : 'null';
    const usage = sampling.continuousUsage ? this.continuous(sequence.generated) : '';
    const tail = finishReason !== null && !sampling.includeUsage ? fingerprintTail(this.head) : '';
    this.writer.data(
      `${this.prefix}{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish},"token_ids":${ids}}]${usage}${tail}}`,
    );
  }

  /** "tool_calls" for a call of the model's own choice, "stop" for one that the client named. */
  private finishReason(sequence: Sequence): string {
    const call = this.request.toolCall;
    const called = this.calls.get(sequence.index)?.named === true;
    if (sequence.finishReason === 'stop' && call !== null && !call.named && called) return 'tool_calls';
    return sequence.finishReason ?? 'stop';
  }

  /** The part of a tool call that this token adds, or null when the parser swallows it. */
  private callDelta(sequence: Sequence, text: string): string | null {
    const call = this.request.toolCall;
    if (call === null) return null;
    const progress = this.calls.get(sequence.index) ?? new ToolCallProgress(call);
    this.calls.set(sequence.index, progress);
    const step = progress.push(text);
    switch (step.kind) {
      case 'nothing':
        return null;
      case 'named': {
        const named = { id: `chatcmpl-tool-${newId()}`, type: 'function', index: 0, function: { name: call.name } };
        return `{"content":null,"tool_calls":[${JSON.stringify(named)}]}`;
      }
      case 'arguments':
        return `{"content":null,"tool_calls":[{"index":0,"function":{"arguments":${JSON.stringify(step.piece)}}}]}`;
    }
  }

  private continuous(completionTokens: number): string {
    const usage = { ...usageOf(this.head.promptTokens, completionTokens), completion_tokens_details: null };
    return `,"usage":${JSON.stringify(usage)}`;
  }

  private finish(): void {
    if (this.request.sampling.includeUsage) {
      const usage = JSON.stringify(streamUsage(this.head, this.completionTokens, this.cachedTokens));
      this.writer.data(`${this.prefix}],"usage":${usage}${fingerprintTail(this.head)}}`);
    }
    this.writer.done();
    this.onEnd();
  }
}
