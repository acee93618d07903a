import { create } from 'zustand';
import type { components } from './schema';

export type User = components['schemas']['UserDto'];

/** Who is signed in. The access token lives here alone, in memory; the refresh token is a cookie that no script can read. */
export type Session =
  | { kind: 'unknown' }
  | { kind: 'signedOut' }
  | { kind: 'signedIn'; accessToken: string; user: User; expiresAt: number };

export const useSession = create<{ session: Session }>(() => ({ session: { kind: 'unknown' } }));

const setSession = (session: Session): void => useSession.setState({ session });

/** Ask for a new token so long before the old one ends. */
const EARLY_MS = 30_000;
/** Of all tabs, one refreshes at a time: a refresh token that is used twice ends the session (it may have been stolen). */
const REFRESH_LOCK = 'tandem-refresh';

type SessionAnswer = components['schemas']['SessionDto'];

function accept({ accessToken, expiresIn, user }: SessionAnswer): string {
  setSession({ kind: 'signedIn', accessToken, user, expiresAt: Date.now() + expiresIn * 1_000 });
  return accessToken;
}

/** An answer of the API that is no success, as its error body tells it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds, from `Retry-After`. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }

  static async of(response: Response): Promise<ApiError> {
    const after = response.headers.get('retry-after');
    const body = (await response.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null;
    return new ApiError(
      response.status,
      body?.error?.code ?? 'unknown',
      body?.error?.message ?? response.statusText,
      after === null ? null : Number(after),
    );
  }
}

async function post(path: string, body?: unknown): Promise<Response> {
  const response = await fetch(path, {
    method: 'POST',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await ApiError.of(response);
  return response;
}

/** @throws ApiError */
export async function signIn(email: string, password: string): Promise<void> {
  const response = await post('/api/auth/login', { email, password });
  accept((await response.json()) as SessionAnswer);
}

export async function signOut(): Promise<void> {
  await post('/api/auth/logout').catch(() => undefined); // gone is gone: the cookie ends by itself
  setSession({ kind: 'signedOut' });
}

/** The token is refused or was never there: back to the sign-in page. */
export function endSession(): void {
  setSession({ kind: 'signedOut' });
}

let refreshing: Promise<string | null> | null = null;

/** A token that is good for a while yet; null when nobody is signed in. @throws when the gateway cannot be reached */
export function freshToken(): Promise<string | null> {
  const { session } = useSession.getState();
  if (session.kind === 'signedIn' && session.expiresAt - Date.now() > EARLY_MS)
    return Promise.resolve(session.accessToken);
  if (session.kind === 'signedOut') return Promise.resolve(null);
  refreshing ??= oneTabAtATime(refresh).finally(() => (refreshing = null));
  return refreshing;
}

async function refresh(): Promise<string | null> {
  try {
    const response = await post('/api/auth/refresh');
    return accept((await response.json()) as SessionAnswer);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429) throw error;
    endSession();
    return null;
  }
}

function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  // Web Locks need HTTPS or localhost; a plain-HTTP address in a home network has none.
  if (!('locks' in navigator)) return work();
  return navigator.locks.request(REFRESH_LOCK, work);
}
