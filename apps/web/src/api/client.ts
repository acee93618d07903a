import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './schema';
import { ApiError, endSession, freshToken } from './session';

const authorized: Middleware = {
  async onRequest({ request }) {
    const token = await freshToken();
    if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return;
    const error = await ApiError.of(response);
    // A wrong password, typed to change it, says nothing about the session.
    if (error.status === 401 && error.code !== 'invalid_credentials') endSession();
    throw error;
  },
};

/** The API, typed by its own OpenAPI document. Every call rejects with an `ApiError` when the answer is no success. */
export const api = createClient<paths>();
api.use(authorized);

/** The body of an answer; `api` has thrown for everything that has none. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
