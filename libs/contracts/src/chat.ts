/** Native chat: what goes beside a generate request of `/api/chat`, and what its `meta` event tells. */
import type { UsedPrompt } from './conversations';

/** The client holds the whole conversation; the body has all messages. Nothing is kept. */
export interface StatelessTurn {
  kind: 'stateless';
}

/** The conversation is kept; the body's only message is the question. */
export interface StoredTurn {
  kind: 'stored';
  conversationId: string;
  /** The message that the question follows; null: it begins the conversation; absent: the path that was seen last. */
  parentId?: string | null;
  /** False: another answer to the question that `parentId` names (absent: the last one); the body's message is empty. */
  question: boolean;
  /** The system prompt of the user's settings. */
  userPrompt: string | null;
}

export type ChatTurn = StatelessTurn | StoredTurn;

/** Data of the event `meta`, which comes before the first chunk. */
export interface ChatMeta {
  requestId: string;
  conversationId: string | null;
  /** The question's id; null where nothing is kept. */
  userMessageId: string | null;
  /** The answer's id. */
  assistantMessageId: string | null;
  /** The model that answers. */
  model: string;
  /** Another server answers, because no engine of this installation can; absent: one of them does. */
  backend?: 'fallback';
  /** Which system prompt was put in front; null: none, or the client's own. */
  systemPrompt: Omit<UsedPrompt, 'text'> | null;
  /** Oldest messages that were left out because they did not fit the model's context. */
  droppedMessages: number;
  /** Tokens of the prompt, counted by the engine; null where it surely fits and was not counted. */
  promptTokens: number | null;
  /** The model's context in tokens; null when the engine does not tell. */
  contextTokens: number | null;
}
