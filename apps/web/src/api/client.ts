import createClient from 'openapi-fetch';
import { authorizedFetch } from './authorized-fetch';
import type { paths } from './schema';

/** The API, typed by its own OpenAPI document. Every call rejects with an `ApiError` when the answer is no success. */
export const api = createClient<paths>({ fetch: authorizedFetch });

/** The body of an answer; `api` has thrown for everything that has none. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
