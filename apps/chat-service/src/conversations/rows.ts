import type { Conversation, Message, SamplingParameters, TitleSource, UsedPrompt } from '#contracts/conversations';
import type { Outcome } from '#contracts/usage';

/** A conversation as the driver reads it; bigint comes as text. */
export interface ConversationRow {
  id: string;
  place: string;
  title: string | null;
  title_source: TitleSource;
  system_prompt: string | null;
  prompt_id: string | null;
  model: string | null;
  parameters: SamplingParameters;
  active_leaf_id: string | null;
  created_at: Date;
  updated_at: Date;
}

export const CONVERSATION_COLUMNS =
  'id, place, title, title_source, system_prompt, prompt_id, model, parameters, active_leaf_id, created_at, updated_at';

export function conversationOf(row: ConversationRow): Conversation {
  return {
    id: row.id,
    title: row.title,
    titleSource: row.title_source,
    systemPrompt: row.system_prompt,
    promptId: row.prompt_id,
    model: row.model,
    parameters: row.parameters,
    activeLeafId: row.active_leaf_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export interface MessageRow {
  id: string;
  place: string;
  parent_id: string | null;
  role: 'user' | 'assistant';
  content: string;
  reasoning: string | null;
  state: 'complete' | 'generating';
  request_id: string | null;
  model: string | null;
  outcome: Outcome | null;
  stop_reason: string | null;
  error_code: string | null;
  prompt_source: UsedPrompt['source'] | null;
  prompt_id: string | null;
  prompt_name: string | null;
  prompt_text: string | null;
  dropped_messages: number;
  input_tokens: string | null;
  output_tokens: string | null;
  ttft_ms: number | null;
  latency_ms: number | null;
  created_at: Date;
  ended_at: Date | null;
}

export const MESSAGE_COLUMNS = `id, place, parent_id, role, content, reasoning, state, request_id, model, outcome,
  stop_reason, error_code, prompt_source, prompt_id, prompt_name, prompt_text, dropped_messages, input_tokens,
  output_tokens, ttft_ms, latency_ms, created_at, ended_at`;

export function messageOf(row: MessageRow): Message {
  return {
    id: row.id,
    parentId: row.parent_id,
    role: row.role,
    content: row.content,
    reasoning: row.reasoning,
    createdAt: row.created_at.toISOString(),
    answer: row.role === 'user' ? null : answerOf(row),
  };
}

function answerOf(row: MessageRow): Message['answer'] {
  return {
    state: row.state,
    requestId: row.request_id ?? '',
    model: row.model,
    outcome: row.outcome,
    stopReason: row.stop_reason,
    errorCode: row.error_code,
    systemPrompt: promptOf(row),
    droppedMessages: row.dropped_messages,
    inputTokens: numberOf(row.input_tokens),
    outputTokens: numberOf(row.output_tokens),
    ttftMs: row.ttft_ms,
    latencyMs: row.latency_ms,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

function promptOf(row: MessageRow): UsedPrompt | null {
  if (row.prompt_source === null) return null;
  return { source: row.prompt_source, promptId: row.prompt_id, name: row.prompt_name, text: row.prompt_text ?? '' };
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
