import { describe, expect, it } from 'vitest';
import { readChat, type ChatEvent } from './read-chat';

async function all(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const found: ChatEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

async function heard(...parts: string[]): Promise<ChatEvent[]> {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
  return all(readChat(stream));
}

const chunk = (delta: object): string => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;

describe('the stream of an answer', () => {
  it('is read whole, wherever the network cut it, inside of a Korean letter too', async () => {
    const bytes = new TextEncoder().encode(`${chunk({ content: '안녕' })}data: [DONE]\n\n`);
    const at = bytes.indexOf(0xec) + 1; // the first byte of 안
    const parts = [bytes.slice(0, at), bytes.slice(at)];
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        controller.close();
      },
    });
    expect(await all(readChat(stream))).toEqual([{ kind: 'text', content: '안녕', reasoning: '' }, { kind: 'done' }]);
  });

  it('tells the place in the queue before the answer, and skips keep-alives', async () => {
    expect(
      await heard(
        'event: queue\ndata: {"position":2,"expectedSeconds":3}\n\n: keep-alive\n\n',
        chunk({ content: 'a' }),
      ),
    ).toEqual([
      { kind: 'queue', position: 2, expectedSeconds: 3 },
      { kind: 'text', content: 'a', reasoning: '' },
    ]);
  });

  it('takes what a model thinks by either name', async () => {
    expect(
      await heard(chunk({ reasoning_content: 'hm' }), chunk({ reasoning: 'so' }), chunk({ role: 'assistant' })),
    ).toEqual([
      { kind: 'text', content: '', reasoning: 'hm' },
      { kind: 'text', content: '', reasoning: 'so' },
    ]);
  });

  it('ends without `done` when the connection breaks, and with the error that the server told', async () => {
    expect(await heard(chunk({ content: 'a' }))).not.toContainEqual({ kind: 'done' });
    expect(await heard('data: {"error":{"code":"engine_error","message":"It died."}}\n\n')).toEqual([
      { kind: 'error', code: 'engine_error', message: 'It died.' },
    ]);
  });
});
