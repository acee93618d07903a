/** Conversations: request/reply with chat-service, which owns them. All of it is about one owner's own. */
import type { Outcome } from './usage';

export const ConversationSubjects = {
  list: 'chat.v1.conversations.list',
  create: 'chat.v1.conversations.create',
  get: 'chat.v1.conversations.get',
  update: 'chat.v1.conversations.update',
  remove: 'chat.v1.conversations.remove',
  messages: 'chat.v1.conversations.messages',
  /** Everything that chat-service keeps of a user, page by page. */
  exportUser: 'chat.v1.conversations.export-user',
  /** Removes everything that chat-service keeps of a user. */
  removeUser: 'chat.v1.conversations.remove-user',
} as const;

/** Who wrote a title: nobody yet, its first words, the engine, or the user, whose title is never replaced. */
export type TitleSource = 'none' | 'first_words' | 'model' | 'user';

/** Sampling that a question names, as `POST /api/chat` spells it; what is left out is the profile's own. */
export interface SamplingParameters {
  temperature?: number;
  topP?: number;
  topK?: number;
  maxTokens?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
}

export interface Conversation {
  id: string;
  title: string | null;
  titleSource: TitleSource;
  /** The text that begins every request of this conversation; null: the default one, '': none. */
  systemPrompt: string | null;
  /** A prompt of the library in its place. */
  promptId: string | null;
  /** The model that its owner chose for it; null: the one of the settings, else the one in force. */
  model: string | null;
  /** For its client to ask with: a question is answered by the parameters that it names itself. */
  parameters: SamplingParameters;
  /** The last message of the path that was seen last; null while there is none. */
  activeLeafId: string | null;
  /** ISO 8601. */
  createdAt: string;
  /** Of the last message or change. */
  updatedAt: string;
}

/** Where a search found its text. `messageId` null: in the title. */
export interface ConversationMatch {
  messageId: string | null;
  snippet: string;
}

export interface ConversationListItem extends Conversation {
  /** Null without a search. */
  match: ConversationMatch | null;
}

export interface ConversationPage {
  /** Last used first. */
  items: ConversationListItem[];
  nextCursor: string | null;
}

export interface ListConversations {
  ownerId: string;
  /** What to look for in titles and texts; null: everything. */
  query: string | null;
  cursor: string | null;
  /** 1 to 200. */
  limit: number;
}

export interface CreateConversation {
  ownerId: string;
  title: string | null;
  systemPrompt: string | null;
  promptId: string | null;
  model: string | null;
  parameters: SamplingParameters;
}

/** Names one conversation of one owner; somebody else's does not exist. */
export interface ConversationRef {
  ownerId: string;
  id: string;
}

/** What is left out stays. */
export interface UpdateConversation extends ConversationRef {
  title?: string;
  systemPrompt?: string | null;
  promptId?: string | null;
  model?: string | null;
  /** All of them: they take the place of those before. */
  parameters?: SamplingParameters;
  /** Any message: the path through it, on to its newest end, becomes the one that was seen last. */
  activeLeafId?: string;
}

/** What an answer ended as. `generating` while it is being written. */
export type MessageState = 'complete' | 'generating';

/** Which system prompt was in force: the conversation's own text, one of the library, a default. */
export interface UsedPrompt {
  source: 'conversation' | 'library' | 'user' | 'shared';
  promptId: string | null;
  name: string | null;
  text: string;
}

export interface Message {
  id: string;
  /** The message before it; null for the first one. Children of one parent are branches. */
  parentId: string | null;
  role: 'user' | 'assistant';
  content: string;
  /** What a reasoning model thought before it answered; null when it told nothing. */
  reasoning: string | null;
  createdAt: string;
  /** Of an answer; null for a question. */
  answer: Answer | null;
}

export interface Answer {
  state: MessageState;
  requestId: string;
  model: string | null;
  /** Null while it is being written. `completed`, or why it is not whole. */
  outcome: Outcome | null;
  /** OpenAI's `finish_reason`; null when the engine did not come to its end. */
  stopReason: string | null;
  errorCode: string | null;
  systemPrompt: UsedPrompt | null;
  /** Messages of the history that did not fit the model's context. */
  droppedMessages: number;
  inputTokens: number | null;
  outputTokens: number | null;
  ttftMs: number | null;
  latencyMs: number | null;
  endedAt: string | null;
}

export interface ListMessages extends ConversationRef {
  cursor: string | null;
  /** 1 to 1,000. */
  limit: number;
}

/** Oldest first: a parent always comes before its children. */
export interface MessagePage {
  items: Message[];
  nextCursor: string | null;
}

export interface ExportUser {
  ownerId: string;
  cursor: string | null;
}

/** A part of what is kept of a user: one conversation's messages a page. The last page has the prompts. */
export interface UserDataPage {
  /** Set with the first page of each conversation. */
  conversation: Conversation | null;
  messages: Message[];
  prompts: { id: string; name: string; text: string }[];
  nextCursor: string | null;
}

export interface RemovedUserData {
  conversations: number;
  messages: number;
  prompts: number;
}
