import { ApiError, endSession, freshToken } from './session';

/**
 * `fetch` as who is signed in. Rejects with an `ApiError` when the answer is no success, and ends the session when the
 * token is refused.
 */
export async function authorizedFetch(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const token = await freshToken();
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  const response = await fetch(request);
  if (response.ok) return response;
  const error = await ApiError.of(response);
  // A wrong password, typed to change it, says nothing about the session.
  if (error.status === 401 && error.code !== 'invalid_credentials') endSession();
  throw error;
}
