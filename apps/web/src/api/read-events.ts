import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';

/** The server-sent events of an answer, as they come. Whoever stops reading ends the connection. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const reader = stream
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined); // a broken connection is cancelled already
  }
}
