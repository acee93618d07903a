// Puts the ledger's dead letters back, once what they failed at is mended: `NATS_URL=nats://... npm run ledger:replay`.
import { createRequire } from 'node:module';

const { connect } = createRequire(import.meta.url)('@nats-io/transport-node');

/** As libs/contracts/src/usage.ts names it; this runs without a build. */
const SUBJECT = 'usage.v1.replay-dead-letters';
const TIMEOUT_MS = 60_000;

const url = new URL(process.env.NATS_URL ?? 'nats://127.0.0.1:4222');
const connection = await connect({
  servers: `${url.protocol}//${url.host}`,
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }),
});
try {
  const answer = await connection.request(SUBJECT, JSON.stringify({ id: 'replay', data: {} }), { timeout: TIMEOUT_MS });
  const { response, err } = answer.json();
  if (err !== undefined) throw new Error(JSON.stringify(err));
  console.log(`${response.replayed} dead letters were put back; those that still fail come again.`);
} catch (error) {
  console.error(`The dead letters could not be replayed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
