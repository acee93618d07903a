import type { EventWriter } from '../http/event-writer';
import type { Sequence } from '../engine/sequence';
import { newId, type ReplyHead } from './reply';
import {
  callItem,
  deltaLogprob,
  messageItem,
  newCallIds,
  partLogprob,
  responseObject,
  textPart,
  type OutputItem,
} from './responses-object';
import type { ResponsesRequest } from './responses-request';
import { ToolCallProgress } from './tool-call-progress';

/** An answer of /v1/responses in one piece. */
export class ResponsesAnswer {
  private text = '';
  private readonly tokens: number[] = [];

  constructor(
    private readonly request: ResponsesRequest,
    private readonly head: ReplyHead,
    private readonly onEnd: (body: unknown) => void,
  ) {}

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    this.text += text;
    this.tokens.push(token);
    if (sequence.finishReason === null) return;
    this.onEnd(responseObject(this.request, this.head, { output: this.output(sequence), sequence }));
  };

  private output(sequence: Sequence): OutputItem[] {
    const { toolCall, topLogprobs, parsed } = this.request.chat;
    if (toolCall !== null && sequence.finishReason === 'stop') {
      return [callItem(newCallIds(), toolCall.name, toolCall.argumentsJson, 'completed')];
    }
    // A server with a parser leaves an empty message out; one without sends it without content.
    if (this.text === '' && parsed) return [];
    const logprobs =
      topLogprobs === null ? null : this.tokens.map((token, at) => partLogprob(token, at + 1, topLogprobs));
    const content = this.text === '' ? [] : [textPart(this.text, logprobs)];
    return [messageItem(`msg_${newId()}`, content, 'completed')];
  }
}

/** What a stream is in the middle of saying. */
interface OpenMessage {
  readonly kind: 'message';
  readonly id: string;
  readonly logprobs: unknown[];
  text: string;
}

interface OpenCall {
  readonly kind: 'call';
  readonly ids: { id: string; callId: string };
  readonly name: string;
  args: string;
}

/** The events of a streamed answer: numbered, and none for a token without text. */
export class ResponsesStream {
  private readonly call: ToolCallProgress | null;
  private sequenceNumber = 0;
  private item: OpenMessage | OpenCall | null = null;

  constructor(
    private readonly request: ResponsesRequest,
    private readonly head: ReplyHead,
    private readonly writer: EventWriter,
    private readonly onEnd: () => void,
  ) {
    const { toolCall } = request.chat;
    this.call = toolCall === null ? null : new ToolCallProgress(toolCall);
    const response = responseObject(request, head, null);
    this.send('response.created', { response });
    this.send('response.in_progress', { response });
  }

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    if (this.call === null) this.say(sequence, token, text);
    else this.callTool(this.call, text);
    if (sequence.finishReason !== null) this.finish(sequence);
  };

  /** Fields are in the order of their names, but for those that vLLM adds to OpenAI's events. */
  private send(type: string, before: object, after: object = {}, added: object = {}): void {
    this.writer.event(type, { ...before, sequence_number: this.sequenceNumber, ...after, type, ...added });
    this.sequenceNumber++;
  }

  private say(sequence: Sequence, token: number, text: string): void {
    if (text === '') return;
    const item = this.item?.kind === 'message' ? this.item : this.openMessage();
    item.text += text;
    const { topLogprobs } = this.request.chat;
    const at = sequence.generated;
    if (topLogprobs !== null) item.logprobs.push(partLogprob(token, at, topLogprobs));
    this.send('response.output_text.delta', {
      content_index: 0,
      delta: text,
      item_id: item.id,
      logprobs: topLogprobs === null ? [] : [deltaLogprob(token, at, topLogprobs)],
      output_index: 0,
    });
  }

  private openMessage(): OpenMessage {
    const open: OpenMessage = { kind: 'message', id: `msg_${newId()}`, logprobs: [], text: '' };
    this.item = open;
    this.send('response.output_item.added', { item: messageItem(open.id, [], 'in_progress'), output_index: 0 });
    const place = { content_index: 0, item_id: open.id, output_index: 0 };
    this.send('response.content_part.added', { ...place, part: textPart('', []) });
    return open;
  }

  private callTool(call: ToolCallProgress, text: string): void {
    const step = call.push(text);
    if (step.kind === 'named') {
      const name = this.request.chat.toolCall?.name ?? '';
      const ids = newCallIds();
      this.item = { kind: 'call', ids, name, args: '' };
      const item = { ...callItem(ids, name, '', 'in_progress'), created_by: null };
      this.send('response.output_item.added', { item, output_index: 0 });
    } else if (step.kind === 'arguments' && this.item?.kind === 'call') {
      this.item.args += step.piece;
      const place = { item_id: this.item.ids.id, output_index: 0 };
      this.send('response.function_call_arguments.delta', { delta: step.piece, ...place });
    }
  }

  private closeItem(item: OpenMessage | OpenCall): OutputItem {
    const place = { output_index: 0 };
    if (item.kind === 'call') {
      const { ids, name, args } = item;
      const said = { arguments: args, item_id: ids.id, ...place };
      this.send('response.function_call_arguments.done', said, {}, { name });
      const done = callItem(ids, name, args, 'completed');
      this.send('response.output_item.done', { item: done, ...place });
      return done;
    }
    const { id, text, logprobs } = item;
    const part = textPart(text, logprobs.length > 0 ? logprobs : null);
    const within = { content_index: 0, item_id: id };
    this.send('response.output_text.done', { ...within, logprobs: [], ...place }, { text });
    this.send('response.content_part.done', { ...within, ...place, part });
    const done = messageItem(id, [part], 'completed');
    this.send('response.output_item.done', { item: done, ...place });
    return done;
  }

  private finish(sequence: Sequence): void {
    const output = this.item === null ? [] : [this.closeItem(this.item)];
    this.send('response.completed', { response: responseObject(this.request, this.head, { output, sequence }) });
    this.writer.end();
    this.onEnd();
  }
}
