import type { ChatMeta } from '#contracts/chat';
import { readEvents } from '../../api/read-events';

export type ChatEvent =
  | { kind: 'meta'; meta: ChatMeta }
  | { kind: 'queue'; position: number; expectedSeconds: number | null }
  | { kind: 'text'; content: string; reasoning: string }
  | { kind: 'error'; code: string; message: string }
  | { kind: 'done' };

interface Chunk {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null; reasoning?: string | null } }[];
  error?: { code: string; message: string };
}

/** The events of `POST /api/chat`, as they come. Ends without `done` when the connection breaks. */
export async function* readChat(stream: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent> {
  for await (const { event, data } of readEvents(stream)) {
    if (data === '[DONE]') {
      yield { kind: 'done' };
      return;
    }
    const told = read(event, JSON.parse(data));
    if (told !== null) yield told;
  }
}

function read(event: string | undefined, data: unknown): ChatEvent | null {
  if (event === 'meta') return { kind: 'meta', meta: data as ChatMeta };
  if (event === 'queue') return { kind: 'queue', ...(data as { position: number; expectedSeconds: number | null }) };
  const chunk = data as Chunk;
  if (chunk.error !== undefined) return { kind: 'error', code: chunk.error.code, message: chunk.error.message };
  const delta = chunk.choices?.[0]?.delta;
  const content = delta?.content ?? '';
  const reasoning = delta?.reasoning_content ?? delta?.reasoning ?? '';
  return content === '' && reasoning === '' ? null : { kind: 'text', content, reasoning };
}
