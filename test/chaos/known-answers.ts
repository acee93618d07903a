import { SimulatedAnswer } from '#testing/simulated-text';
import { Detokenizer } from '#testing/simulated-tokens';
import { chatPromptIds } from '../../apps/vllm-simulator/src/protocol/prompt';

/** How many tokens the engine counts for a chat of this one message. */
export function promptTokens(prompt: string): number {
  return chatPromptIds([{ role: 'user', text: prompt }], []).length;
}

/**
 * How many tokens made this beginning of the answer to `prompt`: several numbers, where tokens at its end did not make a
 * whole character yet. Null when the text is no beginning of it, so that a byte was lost, doubled or changed.
 */
export function tokensOf(prompt: string, text: string): { least: number; most: number } | null {
  const answer = new SimulatedAnswer(prompt);
  const detokenizer = new Detokenizer();
  let built = '';
  let count = 0;
  while (built.length < text.length) built += detokenizer.push(answer.tokenAt(count++, true));
  if (built !== text) return null;
  const least = count;
  while (detokenizer.push(answer.tokenAt(count, true)) === '') count += 1;
  return { least, most: count };
}
