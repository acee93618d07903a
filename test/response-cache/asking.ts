import type { TestSystem } from '#testing/system';

export interface Heard {
  status: number;
  cache: string | null;
  requestId: string | null;
  body: string;
}

let asked = 0;
/** What nobody has asked yet. */
export const question = (): string => `Question ${++asked}`;

export const fresh = (): Record<string, unknown> => ({
  model: 'default',
  temperature: 0,
  messages: [{ role: 'user', content: question() }],
});

/** Asks the gateway, and reads what it says of the cache. */
export async function ask(
  system: TestSystem,
  body: Record<string, unknown> | string,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
): Promise<Heard> {
  const response = await fetch(`${system.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status } = response;
  const [cache, requestId] = ['x-tandem-cache', 'x-request-id'].map((name) => response.headers.get(name));
  return { status, cache: cache ?? null, requestId: requestId ?? null, body: await response.text() };
}
