import type { Sequence } from '../engine/sequence';
import { tokenLogprob, type TokenLogprob } from './logprobs';
import { pyFloat } from './python';
import { newId, type ReplyHead } from './reply';
import type { ResponsesRequest } from './responses-request';

type Json = Readonly<Record<string, unknown>>;

/** ECMAScript's JSON.rawJSON, which TypeScript does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
/** Python writes a whole float with its ".0". */
const float = (value: number): unknown => rawJSON(pyFloat(value));

/** An item of `output`: a message, or the call of a function. */
export type OutputItem = Json;

export const textPart = (text: string, logprobs: unknown): Json => ({
  annotations: [],
  text,
  type: 'output_text',
  logprobs,
});

export const messageItem = (id: string, content: readonly unknown[], status: string): OutputItem => ({
  id,
  content,
  role: 'assistant',
  status,
  type: 'message',
  phase: null,
});

export const callItem = (ids: { id: string; callId: string }, name: string, args: string, status: string): Json => ({
  arguments: args,
  call_id: ids.callId,
  name,
  type: 'function_call',
  id: ids.id,
  async: null,
  caller: null,
  namespace: null,
  status,
});

export const newCallIds = (): { id: string; callId: string } => ({
  id: `fc_${newId()}`,
  callId: `chatcmpl-tool-${newId()}`,
});

/** How an answer stands: still running, or ended by this sequence. */
export type Progress = { readonly output: readonly OutputItem[]; readonly sequence: Sequence } | null;

function usageOf(head: ReplyHead, sequence: Sequence): unknown {
  const { generated } = sequence;
  return {
    input_tokens: head.promptTokens,
    input_tokens_details: {
      cached_tokens: sequence.cachedTokens,
      cache_write_tokens: 0,
      input_tokens_per_turn: [],
      cached_tokens_per_turn: [],
    },
    output_tokens: generated,
    output_tokens_details: {
      reasoning_tokens: 0,
      tool_output_tokens: 0,
      output_tokens_per_turn: [],
      tool_output_tokens_per_turn: [],
    },
    total_tokens: head.promptTokens + generated,
  };
}

/** The response object: the whole answer, and what the first and last events of a stream carry. */
export function responseObject(request: ResponsesRequest, head: ReplyHead, progress: Progress): Json {
  const { echo } = request;
  const cut = progress?.sequence.finishReason === 'length';
  const ended = cut ? 'incomplete' : 'completed';
  return {
    id: head.id,
    created_at: head.created,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    instructions: echo.instructions,
    metadata: echo.metadata,
    model: head.model,
    object: 'response',
    output: progress?.output ?? [],
    parallel_tool_calls: echo.parallelToolCalls,
    temperature: float(echo.temperature),
    tool_choice: echo.toolChoice,
    tools: echo.tools,
    top_p: float(echo.topP),
    background: false,
    max_output_tokens: request.maxOutputTokens,
    max_tool_calls: echo.maxToolCalls,
    previous_response_id: null,
    prompt: null,
    reasoning: echo.reasoning,
    service_tier: echo.serviceTier,
    status: progress === null ? 'in_progress' : ended,
    text: echo.text,
    top_logprobs: request.chat.topLogprobs,
    truncation: echo.truncation,
    usage: progress === null ? null : usageOf(head, progress.sequence),
    user: echo.user,
    presence_penalty: float(echo.presencePenalty),
    frequency_penalty: float(echo.frequencyPenalty),
    kv_transfer_params: null,
    ec_transfer_params: null,
    input_messages: null,
    output_messages: null,
  };
}

const shown = ({ text, logprob, bytes }: Pick<TokenLogprob, 'text' | 'logprob' | 'bytes'>): Json => ({
  token: text,
  bytes,
  logprob,
});

/** The log probability of one token as a text part has it. */
export function partLogprob(token: number, position: number, top: number): Json {
  const reported = tokenLogprob(token, position, top);
  return { ...shown(reported), top_logprobs: reported.alternatives.map(shown) };
}

/** The same as an event of a stream has it: without bytes. */
export function deltaLogprob(token: number, position: number, top: number): Json {
  const { text, logprob, alternatives } = tokenLogprob(token, position, top);
  const others = alternatives.map((other) => ({ token: other.text, logprob: other.logprob }));
  return { token: text, logprob, top_logprobs: others };
}
