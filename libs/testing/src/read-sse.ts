import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** One event of a stream, or a comment line (`: keep-alive`). */
export type SseItem =
  { readonly kind: 'event'; readonly event: EventSourceMessage } | { readonly kind: 'comment'; readonly text: string };

/** Reads a response's Server-Sent Events as they come, with a parser that is not ours. */
export async function* readSse(response: Response): AsyncGenerator<SseItem> {
  if (response.body === null) return;
  const ready: SseItem[] = [];
  const parser = createParser({
    onEvent: (event) => ready.push({ kind: 'event', event }),
    onComment: (text) => ready.push({ kind: 'comment', text }),
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of response.body) {
    parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
    yield* ready.splice(0);
  }
}
