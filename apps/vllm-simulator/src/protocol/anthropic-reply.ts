import type { EventWriter } from '../http/event-writer';
import type { Sequence } from '../engine/sequence';
import type { ApiError } from './api-error';
import type { ChatRequest } from './chat-request';
import { pyRepr } from './python';
import { newId, type ReplyHead } from './reply';
import { ToolCallProgress } from './tool-call-progress';

/** vLLM takes the cached tokens off the prompt's when it shows them (--enable-prompt-tokens-details). */
const usage = (head: ReplyHead, outputTokens: number, cachedTokens: number | null): unknown => ({
  input_tokens: head.promptTokens - (cachedTokens ?? 0),
  output_tokens: outputTokens,
  ...(cachedTokens === null ? {} : { cache_read_input_tokens: cachedTokens }),
});

interface Ending {
  readonly stop_reason: string | null;
  readonly stop_sequence: string | null;
}

function endingOf(sequence: Sequence, called: boolean): Ending {
  const { finishReason, stopReason } = sequence;
  if (finishReason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  if (finishReason !== 'stop') return { stop_reason: null, stop_sequence: null };
  if (called) return { stop_reason: 'tool_use', stop_sequence: null };
  if (stopReason !== null) return { stop_reason: 'stop_sequence', stop_sequence: stopReason };
  return { stop_reason: 'end_turn', stop_sequence: null };
}

const cachedTokensOf = (head: ReplyHead, sequence: Sequence): number | null =>
  head.cachedTokensShown ? sequence.cachedTokens : null;

/** An answer of /v1/messages in one piece. It leaves out what is null. */
export class AnthropicAnswer {
  private text = '';

  constructor(
    private readonly request: ChatRequest,
    private readonly head: ReplyHead,
    private readonly onEnd: (body: unknown) => void,
  ) {}

  readonly onToken = (sequence: Sequence, _token: number, text: string): void => {
    this.text += text;
    if (sequence.finishReason !== null) this.onEnd(this.body(sequence));
  };

  private body(sequence: Sequence): unknown {
    const { toolCall } = this.request;
    const called = toolCall !== null && sequence.finishReason === 'stop';
    const block = called
      ? {
          type: 'tool_use',
          id: `chatcmpl-tool-${newId()}`,
          name: toolCall.name,
          input: JSON.parse(toolCall.argumentsJson) as unknown,
        }
      : { type: 'text', text: this.text };
    const ending = Object.entries(endingOf(sequence, called)).filter(([, value]) => value !== null);
    return {
      id: this.head.id,
      type: 'message',
      role: 'assistant',
      content: [block],
      model: this.head.model,
      ...Object.fromEntries(ending),
      usage: usage(this.head, sequence.generated, cachedTokensOf(this.head, sequence)),
    };
  }
}

/** The events of a streamed answer of /v1/messages: a token without text has none. */
export class AnthropicStream {
  private readonly call: ToolCallProgress | null;
  private started = false;
  private blockOpen = false;

  constructor(
    private readonly request: ChatRequest,
    private readonly head: ReplyHead,
    private readonly writer: EventWriter,
    private readonly onEnd: () => void,
  ) {
    this.call = request.toolCall === null ? null : new ToolCallProgress(request.toolCall);
  }

  readonly onToken = (sequence: Sequence, _token: number, text: string): void => {
    if (!this.started) this.start();
    if (this.call === null) this.say(text);
    else this.callTool(this.call, text);
    if (sequence.finishReason !== null) this.finish(sequence);
  };

  private send(type: string, fields: object = {}): void {
    this.writer.event(type, { type, ...fields });
  }

  private start(): void {
    this.started = true;
    const { id, model } = this.head;
    const nothing = { stop_reason: null, stop_sequence: null, usage: usage(this.head, 0, null) };
    this.send('message_start', {
      message: { id, type: 'message', role: 'assistant', content: [], model, ...nothing },
    });
  }

  private openBlock(block: object): void {
    this.blockOpen = true;
    this.send('content_block_start', { content_block: block, index: 0 });
  }

  private say(text: string): void {
    if (text === '') return;
    if (!this.blockOpen) this.openBlock({ type: 'text', text: '' });
    this.send('content_block_delta', { delta: { type: 'text_delta', text }, index: 0 });
  }

  private callTool(call: ToolCallProgress, text: string): void {
    const step = call.push(text);
    if (step.kind === 'named') {
      const name = this.request.toolCall?.name;
      this.openBlock({ type: 'tool_use', id: `chatcmpl-tool-${newId()}`, name, input: {} });
    } else if (step.kind === 'arguments') {
      this.send('content_block_delta', { delta: { type: 'input_json_delta', partial_json: step.piece }, index: 0 });
    }
  }

  private finish(sequence: Sequence): void {
    if (this.blockOpen) this.send('content_block_stop', { index: 0 });
    this.send('message_delta', {
      delta: endingOf(sequence, this.call?.named === true),
      usage: usage(this.head, sequence.generated, cachedTokensOf(this.head, sequence)),
    });
    this.send('message_stop');
    this.writer.end();
    this.onEnd();
  }
}

/** pydantic shows the first 25 and the last 24 bytes of a value that is longer than 50. */
function shortened(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= 50) return text;
  return `${bytes.subarray(0, 25).toString()}...${bytes.subarray(-24).toString()}`;
}

/** What vLLM says when its own converter meets the error event of the chat stream beneath, which is no chunk. */
export function converterError(error: ApiError): unknown {
  const seen = shortened(pyRepr({ error: error.body['error'] }));
  const missing = (field: string): string =>
    `${field}\n  Field required [type=missing, input_value=${seen}, input_type=dict]\n` +
    '    For further information visit https://errors.pydantic.dev/2.14/v/missing';
  const message = `2 validation errors for ChatCompletionStreamResponse\n${missing('model')}\n${missing('choices')}`;
  return { type: 'error', error: { type: 'internal_error', message } };
}
