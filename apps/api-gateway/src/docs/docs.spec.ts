import 'reflect-metadata';
import { startGateway, type RunningGateway } from '../testing/running-gateway';

describe('the API console', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.stop());

  it('is open by default, runs no inline script, and finds all of its files', async () => {
    const page = await fetch(`${gateway.url}/api/docs`);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(html).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
    expect(files).toHaveLength(4);
    for (const file of [...files, '/api/docs/openapi.json'])
      expect([file, (await fetch(gateway.url + file)).status]).toEqual([file, 200]);
  });

  it('gives no other file away', async () => {
    for (const file of ['package.json', '..%2fpackage.json', '..%2f..%2fpackage.json', 'constructor', 'index.html'])
      expect((await gateway.send(`/api/docs/${file}`)).status).toBe(404);
  });
});
