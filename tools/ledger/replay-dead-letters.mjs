// Puts the ledger's dead letters back, once what they failed at is mended: `npm run ledger:replay`. It finds the
// nats-server of `./start` by itself (TANDEM_HOME); of another one the address is given: NATS_URL=nats://user:password@host:4222.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { connect } = createRequire(import.meta.url)('@nats-io/transport-node');

/** As libs/contracts/src/usage.ts names it; this runs without a build. */
const SUBJECT = 'usage.v1.replay-dead-letters';
const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

try {
  const replayed = await replay(new URL(process.env.NATS_URL || ownServer()));
  console.log(
    replayed === 0
      ? 'There are no dead letters.'
      : `Put back: ${replayed} dead ${replayed === 1 ? 'letter' : 'letters'}. What still fails comes again.`,
  );
} catch (error) {
  console.error(`The dead letters could not be replayed: ${reasonOf(error)}`);
  process.exitCode = 1;
}

async function replay(url) {
  const connection = await connect({
    servers: `${url.protocol}//${url.host}`,
    timeout: CONNECT_TIMEOUT_MS,
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }),
  });
  try {
    const request = JSON.stringify({ id: 'replay', data: {} });
    const { response, err } = (await connection.request(SUBJECT, request, { timeout: TIMEOUT_MS })).json();
    if (err !== undefined) throw new Error(err.message ?? JSON.stringify(err));
    return response.replayed;
  } finally {
    await connection.close();
  }
}

/** The server that `./start` runs, with its password. */
function ownServer() {
  const home = process.env.TANDEM_HOME || join(ROOT, '.tandem');
  try {
    const { natsPassword } = JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8'));
    const { services } = JSON.parse(readFileSync(join(home, 'run', 'state.json'), 'utf8'));
    const { port } = services.find(({ name }) => name === 'nats-server');
    return `nats://tandem:${encodeURIComponent(natsPassword)}@127.0.0.1:${port}`;
  } catch (cause) {
    throw new Error(`no nats-server of ./start in ${home}; start Tandem, or set NATS_URL`, { cause });
  }
}

function reasonOf(error) {
  if (error?.constructor?.name === 'NoRespondersError') return 'usage-service does not run';
  return error instanceof Error ? error.message : String(error);
}
