import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { loadConfig } from '../config';
import { createGateway } from '../http/server';

describe('first start', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-first-start-'));

  beforeAll(async () => {
    [postgres, nats] = await Promise.all([startPostgres(), startNats({ jetstream: true })]);
  });
  afterAll(async () => {
    await Promise.all([postgres.stop(), nats.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (url: string, file: string) => {
    const app = await createGateway(
      loadConfig({
        DATABASE_URL: url,
        NATS_URL: nats.url,
        LOG_LEVEL: 'silent',
        JWT_SECRET: 'x'.repeat(32),
        FIRST_START_FILE: join(folder, file),
      }),
    );
    await app.listen(0, '127.0.0.1');
    return app;
  };

  it('makes the admin and one key, once, and writes them where only the operator reads them', async () => {
    const url = await postgres.createDatabase();
    const first = await start(url, 'once.json');
    const file = join(folder, 'once.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    expect(made).toEqual({
      adminEmail: 'admin@tandem.local',
      adminPassword: expect.stringMatching(/^.{24}$/) as string,
      apiKey: expect.stringMatching(/^sk-tandem-.{43}$/) as string,
    });
    const me = await fetch(`${await first.getUrl()}/api/me`, { headers: { 'x-api-key': String(made['apiKey']) } });
    expect(await me.json()).toMatchObject({ email: 'admin@tandem.local', role: 'admin' });
    await first.close();
    const second = await start(url, 'twice.json');
    expect(existsSync(join(folder, 'twice.json'))).toBe(false);
    await second.close();
  });

  it('of two gateways that start at once one makes them', async () => {
    const url = await postgres.createDatabase();
    const apps = await Promise.all([start(url, 'race-1.json'), start(url, 'race-2.json')]);
    expect(readdirSync(folder).filter((name) => name.startsWith('race-'))).toHaveLength(1);
    await Promise.all(apps.map((app) => app.close()));
  });
});
