/** System prompts: request/reply with chat-service. */

export const PromptSubjects = {
  list: 'chat.v1.prompts.list',
  create: 'chat.v1.prompts.create',
  update: 'chat.v1.prompts.update',
  remove: 'chat.v1.prompts.remove',
} as const;

export interface Prompt {
  id: string;
  /** True: made by an admin, for everybody to use and for admins to change. */
  shared: boolean;
  name: string;
  text: string;
  /** In force where a conversation has none of its own. A user's own default goes before the shared one. */
  isDefault: boolean;
  /** ISO 8601. */
  createdAt: string;
  updatedAt: string;
}

/** Whose prompts: a user's own, or the shared ones. */
export type PromptOwner = { kind: 'user'; userId: string } | { kind: 'shared' };

export interface ListPrompts {
  owner: PromptOwner;
  /** For a user: the shared prompts too. */
  withShared: boolean;
  cursor: string | null;
  /** 1 to 200. */
  limit: number;
}

/** Newest first. */
export interface PromptPage {
  items: Prompt[];
  nextCursor: string | null;
}

export interface CreatePrompt {
  owner: PromptOwner;
  name: string;
  text: string;
  isDefault: boolean;
}

/** What is left out stays. */
export interface UpdatePrompt {
  owner: PromptOwner;
  id: string;
  name?: string;
  text?: string;
  isDefault?: boolean;
}

export interface PromptRef {
  owner: PromptOwner;
  id: string;
}
