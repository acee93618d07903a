import { authorizedFetch } from './authorized-fetch';
import { readEvents } from './read-events';
import { ApiError } from './session';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listens to a feed of server-sent events, again and again when the connection breaks, until the returned function is
 * called. A hidden tab lets go: over HTTP/1.1 a browser has six connections for all tabs, and a feed holds one. What
 * was missed is not told later, so a feed must begin with the whole picture.
 */
export function followEvents(
  path: string,
  hear: (event: string, data: unknown) => void,
  /** A connection was made, the first one or another: what comes begins anew. */
  begun: () => void = () => undefined,
): () => void {
  let ended = false;
  let controller: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = FIRST_WAIT_MS;

  const listen = async (signal: AbortSignal): Promise<void> => {
    const { body } = await authorizedFetch(path, { signal });
    if (body === null) return;
    begun();
    for await (const { event, data } of readEvents(body)) {
      waitMs = FIRST_WAIT_MS;
      hear(event ?? 'message', JSON.parse(data));
    }
  };
  const connect = (): void => {
    if (ended || document.hidden || controller !== null) return;
    const mine = new AbortController();
    controller = mine;
    listen(mine.signal)
      .catch((error: unknown) => {
        // What is refused stays refused; everything else may come back.
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) ended = true;
      })
      .finally(() => {
        if (controller !== mine) return;
        controller = null;
        if (ended) return;
        timer = setTimeout(connect, waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      });
  };
  const disconnect = (): void => {
    clearTimeout(timer);
    const leaving = controller;
    controller = null;
    leaving?.abort();
  };
  const onVisibility = (): void => (document.hidden ? disconnect() : connect());
  const onOnline = (): void => {
    disconnect();
    connect();
  };
  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', onOnline);
  connect();
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', onVisibility);
    window.removeEventListener('online', onOnline);
    disconnect();
  };
}
