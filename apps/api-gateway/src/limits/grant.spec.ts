import type { FastifyReply } from 'fastify';
import type { Budgets } from './budgets';
import type { Demand } from './generation-limits';
import { Grant } from './grant';
import { TokenCounter } from './token-counter';

const KEY = { by: 'key', id: 'k', tokensPerMinute: 100_000, concurrentRequests: null, monthlyTokens: null } as const;
/** Its head is out: nobody is told anything. */
const REPLY = { sent: true, getHeader: () => undefined } as unknown as FastifyReply;

describe('tokens that a request reserves', () => {
  const reserved = async (demand: Demand, promptTokens: number, contextTokens: number | null): Promise<number> => {
    const minute = new TokenCounter(null, 'test', 60);
    await new Grant([KEY], demand, REPLY, [], minute, {} as Budgets).reserve(promptTokens, contextTokens);
    return (await minute.read('key:k'))?.used ?? 0;
  };

  it.each<[string, Demand, number, number | null, number]>([
    ['a bound', { maxOutputTokens: 100, choices: 1, choicesPerPrompt: 1 }, 50, 8_192, 150],
    ['a bound for each choice', { maxOutputTokens: 100, choices: 3, choicesPerPrompt: 3 }, 50, 8_192, 350],
    ['what fits the context', { maxOutputTokens: 9_000, choices: 1, choicesPerPrompt: 1 }, 8_000, 8_192, 8_192],
    ['no bound', { maxOutputTokens: null, choices: 1, choicesPerPrompt: 1 }, 50, 8_192, 8_192],
    ['no bound nor context', { maxOutputTokens: null, choices: 1, choicesPerPrompt: 1 }, 50, null, 100_000],
    ['prompts with a context each', { maxOutputTokens: 1_000, choices: 8, choicesPerPrompt: 2 }, 8_000, 8_192, 16_000],
  ])('are the most that it can use: %s', async (_, demand, promptTokens, contextTokens, tokens) => {
    expect(await reserved(demand, promptTokens, contextTokens)).toBe(tokens);
  });
});
