import fc from 'fast-check';
import type { EngineError } from './engine-errors';
import { SseScanner } from './sse-scanner';

const head = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":';
const role = `data: ${head}[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n`;
const token = (text: string): string =>
  `data: ${head}[{"index":0,"delta":{"content":${JSON.stringify(text)}},"logprobs":null,"finish_reason":null}]}\n\n`;
const finish = (reason = 'stop'): string =>
  `data: ${head}[{"index":0,"delta":{"content":""},"finish_reason":"${reason}"}]}\n\n`;
const usage = `data: ${head}[],"usage":{"prompt_tokens":35,"total_tokens":51,"completion_tokens":16,"prompt_tokens_details":{"cached_tokens":32}}}\n\n`;
const done = 'data: [DONE]\n\n';

function scan(wire: Buffer | string, options: { cuts?: number[]; passUsage?: boolean; maxEventBytes?: number } = {}) {
  const bytes = Buffer.from(wire);
  const passed: string[] = [];
  const errors: EngineError[] = [];
  const scanner = new SseScanner(
    { onEvents: (b, s, e) => passed.push(b.toString('latin1', s, e)), onError: (error) => errors.push(error) },
    { passUsage: options.passUsage ?? true, maxEventBytes: options.maxEventBytes ?? 4 * 1024 * 1024 },
  );
  const shared = Buffer.alloc(bytes.length + 4);
  let at = 0;
  for (const cut of [
    ...(options.cuts ?? []).filter((c) => c > 0 && c < bytes.length).sort((a, b) => a - b),
    bytes.length,
  ]) {
    shared.fill(0xff);
    bytes.copy(shared, 2, at, cut);
    scanner.push(shared, 2, 2 + cut - at);
    at = cut;
  }
  scanner.end();
  return { text: Buffer.from(passed.join(''), 'latin1').toString('utf8'), passed, errors, scanner };
}

describe('the SSE scanner', () => {
  const korean = [
    role,
    token('안녕'),
    token('하세요 👋🏽'),
    token('\n\ndata: x\r\n'),
    token('e\u0301'),
    finish(),
    usage,
    done,
  ].join('');

  it('passes every byte, wherever the reads are cut, and only whole events', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(korean)), { maxLength: 60 }), (cuts) => {
        const { text, passed, scanner } = scan(korean, { cuts });
        expect(text).toBe(korean);
        for (const part of passed) expect(part.endsWith('\n\n')).toBe(true);
        expect(scanner).toMatchObject({ done: true, finished: true, tokenEvents: 5 });
        expect(scanner.usage).toEqual({ inputTokens: 35, cachedTokens: 32, outputTokens: 16, reasoningTokens: 0 });
      }),
    );
  });

  it('passes events cut into single bytes', () => {
    expect(scan(korean, { cuts: [...Buffer.from(korean).keys()] }).text).toBe(korean);
  });

  it('keeps the usage event from a client that did not ask, also when everything comes in one read', () => {
    const { text, scanner } = scan(korean, { passUsage: false });
    expect(text).toBe(korean.replace(usage, ''));
    expect(scanner.usage?.outputTokens).toBe(16);
  });

  it('is not fooled by a token that looks like a usage event, an error or [DONE]', () => {
    const tricky = [
      token('"choices":[]'),
      token('"usage":{"prompt_tokens":9}'),
      token('data: [DONE]\n\n'),
      token('{"error"'),
    ].join('');
    const { text, errors, scanner } = scan(tricky, { passUsage: false });
    expect(text).toBe(tricky);
    expect(errors).toEqual([]);
    expect(scanner).toMatchObject({ done: false, usage: null, tokenEvents: 4 });
  });

  it.each(['\r\n', '\r', '\n'])('understands lines that end with %j', (end) => {
    const wire = korean.replaceAll('\n', end);
    const { text, scanner } = scan(wire, { passUsage: false, cuts: [...Buffer.from(wire).keys()] });
    expect(text).toBe(korean.replace(usage, '').replaceAll('\n', end));
    expect(scanner).toMatchObject({ done: true, tokenEvents: 5, usage: { outputTokens: 16 } });
  });

  it('passes comments and events with other fields, alone and inside an event', () => {
    const wire = `: ping\n\n${role}: inside\nevent: message\nid: 7\n${token('x')}: last\n${done}`;
    const { text, scanner } = scan(wire);
    expect(text).toBe(wire);
    expect(scanner).toMatchObject({ done: true, tokenEvents: 1 });
  });

  it('stops at an error event: what came before is passed, the error is not, nothing after it is', () => {
    const wire = `${role}${token('a')}data: {"error": {"message": "EngineCore encountered an issue.", "type": "InternalServerError", "param": null, "code": 500}}\n\n${done}`;
    const { text, errors, scanner } = scan(wire);
    expect(text).toBe(role + token('a'));
    expect(errors).toEqual([{ status: 500, message: 'EngineCore encountered an issue.', param: null }]);
    expect(scanner.done).toBe(false);
  });

  it('takes finish_reason "abort" for what it is: an engine that was shut down', () => {
    const { text, errors, scanner } = scan(role + token('a') + finish('abort') + done);
    expect(text).toBe(role + token('a'));
    expect(errors[0]?.status).toBe(503);
    expect(scanner.aborted).toBe(true);
  });

  it('passes one event of 1 MB', () => {
    const wire = token('x'.repeat(1024 * 1024)) + done;
    expect(scan(wire, { cuts: [100, 65_536, 131_072, 900_000] }).text).toBe(wire);
  });

  it('refuses an event that never ends', () => {
    const { errors } = scan(`data: ${'x'.repeat(5_000)}`, { maxEventBytes: 4_096 });
    expect(errors[0]?.status).toBe(502);
  });

  it('drops an event that was cut off by the end of the stream', () => {
    const { text, scanner } = scan(role + token('a') + token('b').slice(0, 40));
    expect(text).toBe(role + token('a'));
    expect(scanner.done).toBe(false);
  });

  it('reads an event of four megabytes in small reads without going over it again and again', () => {
    const big = token('가'.repeat(1_300_000));
    const bytes = Buffer.byteLength(big);
    const cuts = Array.from({ length: Math.floor(bytes / 4_096) }, (_, read) => (read + 1) * 4_096);
    const { text } = scan(big + done, { cuts });
    expect(text === big + done).toBe(true);
  });
});
