import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { loadConfig } from '../config';
import { createGateway } from '../http/server';

export const ADMIN = { email: 'admin@tandem.local', password: 'the admin of the tests' } as const;
export const ADMIN_KEY = 'sk-tandem-the-first-key-of-the-tests-0000';
export const JWT_SECRET = 'a secret of the tests, long enough for HS256';

/** What a test sends; a body that is no string travels as JSON. */
export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Shorthand for `Authorization: Bearer`. */
  as?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed JSON; an empty object for an empty answer. */
  body: Record<string, unknown>;
  error: { code: string; message: string; type: string; param: string | null } | null;
}

/** A gateway on a free port, before a real Postgres and a real nats-server. */
export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  readonly app: NestFastifyApplication;
  readonly postgres: TestPostgres;
  readonly nats: TestNats;
  send(path: string, sent?: Sent): Promise<Answer>;
  stop(): Promise<void>;
}

/** @param prepare is called before the gateway listens. */
export async function startGateway(
  environment: Record<string, string> = {},
  prepare: (app: NestFastifyApplication) => void = () => undefined,
): Promise<RunningGateway> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats({ jetstream: true })]);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-gateway-'));
  const variables = { FIRST_START_FILE: join(folder, 'first.json'), ...environment };
  const gateway = await listen(postgres, nats, variables, prepare);
  return {
    ...gateway,
    stop: async () => {
      await gateway.stop();
      await Promise.all([postgres.stop(), nats.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listen(
  postgres: TestPostgres,
  nats: TestNats,
  environment: Record<string, string>,
  prepare: (app: NestFastifyApplication) => void,
): Promise<RunningGateway> {
  const app = await createGateway(
    loadConfig({
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      LOG_LEVEL: 'silent',
      JWT_SECRET,
      TANDEM_ADMIN_PASSWORD: ADMIN.password,
      TANDEM_API_KEY: ADMIN_KEY,
      DRAIN_TIMEOUT_MS: '100',
      ...environment,
    }),
  );
  prepare(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    port: Number(new URL(url).port),
    app,
    postgres,
    nats,
    send: (path, sent) => send(url + path, sent),
    stop: () => app.close(),
  };
}

async function send(url: string, { method, headers = {}, body, as }: Sent = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const parsed = (isJson ? JSON.parse(text) : {}) as Answer['body'] & { error?: Answer['error'] };
  return { status: response.status, headers: response.headers, body: parsed, error: parsed.error ?? null };
}

/** Signs in. */
export async function login(
  gateway: RunningGateway,
  { email, password }: { email: string; password: string } = ADMIN,
): Promise<{ token: string; cookie: string }> {
  const answer = await gateway.send('/api/auth/login', { body: { email, password } });
  if (answer.status !== 200) throw new Error(`login answered ${answer.status}`);
  return { token: String(answer.body['accessToken']), cookie: cookieOf(answer) };
}

/** The cookie of an answer as a client sends it back. */
export function cookieOf({ headers }: Answer): string {
  return headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
}
