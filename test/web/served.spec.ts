import { startSystem, type TestSystem } from '#testing/system';

describe('the built web UI, as the gateway serves it', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(system.url + path, { headers });

  it.each([
    '/',
    '/c/00000000-0000-4000-8000-000000000000',
    '/models',
    '/models/hardware',
    '/models/profiles/x',
    '/usage',
    '/keys',
    '/users',
    '/settings',
    '/settings/hints',
  ])('answers %s with its page, which may run nothing but its own files', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(await answer.text()).not.toMatch(/<script(?![^>]* src=)|<style| style=/);
  });

  it('sends files compressed, and to be kept for a year, since their names change with them', async () => {
    const page = await (await get('/')).text();
    const [script = ''] = /\/assets\/index-[^"]+\.js/.exec(page) ?? [];
    const answer = await get(script, { 'accept-encoding': 'br' });
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(answer.headers.get('cache-control')).toContain('immutable');
  });

  it.each(['/api/nothing', '/v1/nothing', '/assets/nothing.js', '/assets/..%2findex.html', '/nothing'])(
    'leaves %s to the API: a 404 in JSON',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
    },
  );
});
