import { create } from 'zustand';
import { persist } from 'zustand/middleware';

/** Sampling that a request names, as `POST /api/chat` spells it; what is left out is the profile's own. */
export const SAMPLING = [
  { name: 'temperature', min: 0, max: 2, step: 0.05 },
  { name: 'topP', min: 0.01, max: 1, step: 0.01 },
  { name: 'topK', min: 1, max: 1_000, step: 1 },
  { name: 'maxTokens', min: 1, max: 1_000_000, step: 1 },
  { name: 'presencePenalty', min: -2, max: 2, step: 0.1 },
  { name: 'frequencyPenalty', min: -2, max: 2, step: 0.1 },
  { name: 'seed', min: 0, max: 4_294_967_295, step: 1 },
] as const;

export type Sampling = Partial<Record<(typeof SAMPLING)[number]['name'], number>>;

/** Which system prompt a conversation begins with, in the API's terms: both null is the default one. */
export interface PromptChoice {
  /** The conversation's own text; '' is none at all. */
  systemPrompt: string | null;
  /** One of the library. */
  promptId: string | null;
}

export const DEFAULT_PROMPT: PromptChoice = { systemPrompt: null, promptId: null };

/** How a conversation asks. */
export interface ChatOptions {
  /** Null: the one of the user's settings, else whatever is in force. */
  model: string | null;
  sampling: Sampling;
}

const NOTHING_CHOSEN: ChatOptions = { model: null, sampling: {} };

/** Where the options of a conversation are kept that is not begun yet. */
export const NOT_BEGUN = 'new';

/** This browser remembers so many conversations' options; those that were changed first are forgotten first. */
const REMEMBERED = 500;

interface Store {
  options: Readonly<Record<string, ChatOptions>>;
  /** The prompt for the conversation that is not begun; once it is, the server keeps it. */
  firstPrompt: PromptChoice;
}

const useStore = create<Store>()(
  persist<Store>(() => ({ options: {}, firstPrompt: DEFAULT_PROMPT }), { name: 'tandem-chat-options' }),
);

export const useChatOptions = (id: string | null): ChatOptions =>
  useStore(({ options }) => options[id ?? NOT_BEGUN] ?? NOTHING_CHOSEN);

export const useFirstPrompt = (): PromptChoice => useStore(({ firstPrompt }) => firstPrompt);

export function chooseFirstPrompt(firstPrompt: PromptChoice): void {
  useStore.setState({ firstPrompt });
}

export function changeOptions(id: string | null, change: Partial<ChatOptions>): void {
  const key = id ?? NOT_BEGUN;
  useStore.setState(({ options }) => {
    const { [key]: before = NOTHING_CHOSEN, ...others } = options;
    return {
      options: Object.fromEntries([...Object.entries(others).slice(1 - REMEMBERED), [key, { ...before, ...change }]]),
    };
  });
}

/** What was chosen for the conversation that was not begun is from now on this one's; the next one starts plain. */
export function optionsBegin(id: string): void {
  useStore.setState(({ options }) => {
    const { [NOT_BEGUN]: chosen, ...others } = options;
    return { options: chosen === undefined ? others : { ...others, [id]: chosen }, firstPrompt: DEFAULT_PROMPT };
  });
}

export function forgetOptions(): void {
  useStore.setState({ options: {}, firstPrompt: DEFAULT_PROMPT });
}
