import { EventSourceParserStream } from 'eventsource-parser/stream';

/** What the server says of a request before its answer. */
export interface ChatMeta {
  requestId: string;
  conversationId: string | null;
  userMessageId: string | null;
  assistantMessageId: string | null;
  model: string;
  droppedMessages: number;
}

export type ChatEvent =
  | { kind: 'meta'; meta: ChatMeta }
  | { kind: 'queue'; position: number; expectedSeconds: number | null }
  | { kind: 'text'; content: string; reasoning: string }
  | { kind: 'usage'; outputTokens: number }
  | { kind: 'error'; code: string; message: string }
  | { kind: 'done' };

interface Chunk {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null; reasoning?: string | null } }[];
  usage?: { completion_tokens?: number } | null;
  error?: { code: string; message: string };
}

/** The events of `POST /api/chat`, as they come. Ends without `done` when the connection breaks. */
export async function* readChat(stream: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent> {
  const events = stream
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { event, data } = next.value;
      if (data === '[DONE]') {
        yield { kind: 'done' };
        return;
      }
      yield* read(event, JSON.parse(data));
    }
  } finally {
    await reader.cancel().catch(() => undefined); // a broken connection is cancelled already
  }
}

function* read(event: string | undefined, data: unknown): Generator<ChatEvent> {
  if (event === 'meta') {
    yield { kind: 'meta', meta: data as ChatMeta };
    return;
  }
  if (event === 'queue') {
    yield { kind: 'queue', ...(data as { position: number; expectedSeconds: number | null }) };
    return;
  }
  const chunk = data as Chunk;
  if (chunk.error !== undefined) {
    yield { kind: 'error', code: chunk.error.code, message: chunk.error.message };
    return;
  }
  const delta = chunk.choices?.[0]?.delta;
  const content = delta?.content ?? '';
  const reasoning = delta?.reasoning_content ?? delta?.reasoning ?? '';
  if (content !== '' || reasoning !== '') yield { kind: 'text', content, reasoning };
  if (chunk.usage?.completion_tokens !== undefined)
    yield { kind: 'usage', outputTokens: chunk.usage.completion_tokens };
}
