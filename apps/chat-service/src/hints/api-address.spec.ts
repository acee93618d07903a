import { apiAddress, mayConnect } from './api-address';

describe('the server for hints that an admin names', () => {
  it.each([
    ['8.8.8.8', true, true],
    ['2606:4700::1111', true, true],
    ['10.1.2.3', false, true],
    ['127.0.0.1', false, true],
    ['::1', false, true],
    ['fd00::1', false, true],
    ['::ffff:192.168.0.1', false, true],
    ['169.254.169.254', false, false],
    ['::ffff:169.254.169.254', false, false],
    ['fe80::1', false, false],
    ['0.0.0.0', false, false],
    ['64:ff9b::a00:1', false, false],
    ['224.0.0.1', false, false],
  ])('may be at %s: %s, and where the operator lists its host: %s', (address, unlisted, listed) => {
    expect([mayConnect(address, false), mayConnect(address, true)]).toEqual([unlisted, listed]);
  });

  it('is taken without TLS only where it is listed, and without its path', () => {
    expect(apiAddress('http://ollama.lan:11434/v1', ['ollama.lan:11434']).url).toBe('http://ollama.lan:11434');
    expect(() => apiAddress('http://ollama.lan:11434/v1', [])).toThrow(/HINT_API_ALLOWED_HOSTS/);
    expect(apiAddress('https://llm.example.com/v1/', []).url).toBe('https://llm.example.com');
  });

  it('is not connected to where its name leads into these networks', async () => {
    const { lookup } = apiAddress('https://llm.example.com', []);
    const error = await new Promise((resolve) => lookup('localhost', {}, (failure) => resolve(failure)));
    expect(String(error)).toContain('not allowed');
  });
});
