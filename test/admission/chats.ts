import type OpenAI from 'openai';

export interface Answered {
  status: number;
  headers: Headers;
  error: { code: string; type: string; message: string } | null;
  usage: OpenAI.CompletionUsage | null;
}

/** One chat that does not stream, and what came back. */
export async function ask(
  url: string,
  apiKey: string,
  { maxTokens, ignoreEos = true }: { maxTokens?: number; ignoreEos?: boolean } = {},
): Promise<Answered> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({
      model: 'default',
      messages: [{ role: 'user', content: 'hello' }],
      ignore_eos: ignoreEos,
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    }),
  });
  const body = (await response.json()) as { error?: Answered['error']; usage?: OpenAI.CompletionUsage };
  return { status: response.status, headers: response.headers, error: body.error ?? null, usage: body.usage ?? null };
}

export const statuses = (answers: readonly Answered[]): number[] =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

/** Jest runs tests in a realm of their own, where the package does not know the errors of node's fetch as errors. */
export const fetchInThisRealm: typeof fetch = (input, init) => fetch(input, init);
