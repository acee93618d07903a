import type { Socket } from 'node:net';
import { eventually } from '#testing/eventually';
import { CHAT, MODEL, RESPONSES, body, chat, type EngineClient } from '../engine-client';
import { open, post, postText } from '../raw-http';

/** Clients that go away, or stop reading. */
export function leaving(engine: EngineClient): void {
  describe('a client that leaves', () => {
    const endless = { max_tokens: 1900, ignore_eos: true, temperature: 1 };
    type Leave = (socket: Awaited<ReturnType<typeof open>>) => void;
    const asResponse = { model: MODEL, input: 'Hello', ignore_eos: true, temperature: 1 };
    const cases: [string, Record<string, unknown>, Leave, string?][] = [
      ['a stream, closed', { ...endless, stream: true }, (socket) => socket.destroy()],
      ['a stream, reset', { ...endless, stream: true }, (socket) => socket.resetAndDestroy()],
      ['a stream, half-closed', { ...endless, stream: true }, (socket) => socket.end()],
      ['four choices, closed', { ...endless, stream: true, n: 4 }, (socket) => socket.destroy()],
      ['an answer in one piece, closed', endless, (socket) => socket.destroy()],
      ['a stream of responses, closed', { ...asResponse, stream: true }, (socket) => socket.destroy(), RESPONSES],
      ['a response in one piece, closed', asResponse, (socket) => socket.destroy(), RESPONSES],
    ];
    it.each(cases)('frees its place: %s', async (_, request, leave, path = CHAT) => {
      await engine.idle();
      const before = await engine.metrics();
      const socket = await open(engine.url);
      // A stream runs when tokens come; an answer in one piece shows in the engine's figures alone. (Those of a
      // real engine cannot always be read while it streams fast: its API server has one thread for both.)
      const tokens = tokensFrom(socket);
      socket.write(postText(path, path === CHAT ? chat(request) : request));
      if ('stream' in request) await tokens;
      else await eventually(async () => (await engine.running()) > 0, { timeoutMs: 30_000 });
      leave(socket);
      await eventually(async () => (await engine.running()) === 0);
      socket.destroy();
      const after = await engine.metrics();
      const abort = Object.keys(after).filter(
        (name) => name.includes('finished_reason="abort"') && name.includes('success_total'),
      );
      expect(abort.length).toBeGreaterThan(0);
      for (const name of abort) expect(after[name]).toBe(0);
      expect(after['vllm:request_success_total']).toBe(before['vllm:request_success_total']);
      const generated = (after['vllm:generation_tokens_total'] ?? 0) - (before['vllm:generation_tokens_total'] ?? 0);
      expect(generated).toBeGreaterThan(0);
      expect(generated).toBeLessThan(endless.max_tokens);
    });

    it('holds nobody up when it only stops reading', async () => {
      await engine.idle();
      const generated = async (): Promise<number> => (await engine.metrics())['vllm:generation_tokens_total'] ?? 0;
      const before = await generated();
      const socket = await open(engine.url);
      socket.pause();
      socket.write(postText(CHAT, chat({ ...endless, max_tokens: 300, stream: true })));
      await eventually(async () => (await generated()) > before);
      const other = body(await post(engine.url, CHAT, chat({ max_tokens: 8, ignore_eos: true })));
      expect(other.usage.completion_tokens).toBe(8);
      await engine.idle();
      socket.destroy();
    });
  });
}

/** Resolves when a few tokens have come (chat and responses both call their events so). */
function tokensFrom(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let heard = '';
    socket.on('data', (part: Buffer) => {
      heard += part.toString('latin1');
      if (heard.split('delta').length > 4) resolve();
    });
  });
}
