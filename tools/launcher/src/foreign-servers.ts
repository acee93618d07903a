import { acceptsConnections } from '#common/servers/probe';
import { external } from './plan';
import { Trouble } from './trouble';

type Environment = Readonly<Record<string, string | undefined>>;

/** SQLSTATE of what waiting does not mend: who asks is not let in (28), or there is no such database (3D). */
const REFUSED = /^(28|3D)...$/;
const ANSWER_MS = 5_000;

/**
 * Servers of somebody else must be there and let Tandem in: waiting for them would look like a start that hangs.
 * @throws Trouble that names the variable
 */
export async function assertForeignServers(env: Environment): Promise<void> {
  await Promise.all([assertNats(env), assertDatabase(env)]);
}

async function assertNats(env: Environment): Promise<void> {
  const url = await assertReachable('NATS_URL', env, 4222);
  if (url === null) return;
  const [{ AuthorizationError, connect }, { natsTarget }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('#common/bus'),
  ]);
  try {
    const connection = await connect({ ...natsTarget(url), timeout: ANSWER_MS });
    await connection.close();
  } catch (error) {
    // One that only starts is waited for.
    if (error instanceof AuthorizationError)
      throw new Trouble('NATS_URL: nats-server does not know its user or its password');
  }
}

async function assertDatabase(env: Environment): Promise<void> {
  const url = await assertReachable('DATABASE_URL', env, 5432);
  if (url === null) return;
  const { Client } = await import('pg');
  const client = new Client({ connectionString: url, connectionTimeoutMillis: ANSWER_MS });
  try {
    await client.connect();
    await client.end();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    // One that only starts, or is full, is waited for.
    if (typeof code === 'string' && REFUSED.test(code)) throw new Trouble(`DATABASE_URL: ${String(message)}`);
  }
}

/** @returns the URL; null where there is none. */
async function assertReachable(variable: string, env: Environment, defaultPort: number): Promise<string | null> {
  const url = env[variable];
  if (url === undefined) return null;
  if (!URL.canParse(url.split(',')[0] ?? '')) throw new Trouble(`${variable}: is not a URL`);
  const { host, port } = external(variable, url, defaultPort);
  if (!(await acceptsConnections(host, port, ANSWER_MS)))
    throw new Trouble(`${variable}: nobody answers at ${host}:${port}`);
  return url;
}
