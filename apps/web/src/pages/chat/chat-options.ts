import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import type { components } from '../../api/schema';

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

type Head = components['schemas']['ConversationDto'];

export type Sampling = Head['parameters'];

/** Which system prompt a conversation begins with, in the API's terms: both null is the default one. */
export type PromptChoice = Pick<Head, 'systemPrompt' | 'promptId'>;

/** How a conversation asks: `model` null is the one of the user's settings, else whatever is in force. */
export type ChatOptions = PromptChoice & Pick<Head, 'model' | 'parameters'>;

export const NOTHING_CHOSEN: ChatOptions = { systemPrompt: null, promptId: null, model: null, parameters: {} };

/** Of the conversation that is not begun; once it is, the server keeps them with it. */
export const useFirstOptions = create<ChatOptions>()(persist(() => NOTHING_CHOSEN, { name: 'tandem-first-options' }));

/** The next conversation starts plain. */
export function forgetFirstOptions(): void {
  useFirstOptions.setState(NOTHING_CHOSEN);
}
