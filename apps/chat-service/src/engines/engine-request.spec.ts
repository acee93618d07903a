import type { GenerateRequest } from '#contracts/generate';
import { generateRequest } from '../testing/generate-request';
import { engineRequest } from './engine-request';

function sent(
  over: Partial<GenerateRequest>,
  body: string,
  apiKey: string | null = null,
): { start: string; json: unknown; length: number } {
  const [start = '', text = ''] = engineRequest(generateRequest(over), 'served', Buffer.from(body), {
    authority: '127.0.0.1:8000',
    apiKey,
  })
    .toString('utf8')
    .split('\r\n\r\n');
  return { start, json: JSON.parse(text), length: Buffer.byteLength(text) };
}

describe('the request to an engine', () => {
  it('always asks for usage, with the name that the engine knows', () => {
    const { start, json, length } = sent({}, '{"messages":[{"role":"user","content":"안녕"}]}');
    expect(json).toEqual({
      model: 'served',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: '안녕' }],
    });
    expect(start).toContain('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n');
    expect(start).toContain(`Content-Length: ${length}\r\nX-Request-Id: req_1`);
  });

  it('asks for usage on every chunk where the client does', () => {
    expect(sent({ continuousUsage: true }, '{}').json).toMatchObject({
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
  });

  it('says nothing of streams for an answer that does not stream', () => {
    expect(sent({ streaming: false, endpoint: '/v1/completions' }, '{"prompt":"x"}').json).toEqual({
      model: 'served',
      prompt: 'x',
    });
    expect(sent({ streaming: false }, '{}').json).toEqual({ model: 'served' });
  });

  it('has the key of a server that wants one, and else none', () => {
    expect(sent({}, '{}', 'sk-of-the-other').start).toContain('\r\nAuthorization: Bearer sk-of-the-other');
    expect(sent({}, '{}').start).not.toContain('Authorization');
  });

  it('refuses what is no JSON object', () => {
    expect(() => sent({}, '[1]')).toThrow(RangeError);
  });
});
