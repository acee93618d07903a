// tools/k6/about.mjs URL COMMAND: prints what was loaded, on what, as JSON. The key is read from TANDEM_API_KEY.
import { cpus } from 'node:os';

const [url, command] = process.argv.slice(2);
const headers = { authorization: `Bearer ${process.env.TANDEM_API_KEY}` };

async function models() {
  const answer = await fetch(`${url}/v1/models`, { headers, signal: AbortSignal.timeout(10_000) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error?.message ?? `status ${answer.status}`);
  return body.data.map(({ id }) => id);
}

/** Simulated or not: what its driver says. Only an admin's key may ask. */
async function driver() {
  const answer = await fetch(`${url}/api/models/status`, { headers, signal: AbortSignal.timeout(10_000) });
  const drivers = answer.ok ? ((await answer.json()).engines ?? []).map((engine) => engine.driver) : [];
  return drivers.length === 0 ? '' : ` (driver ${[...new Set(drivers)].join(', ')})`;
}

try {
  const about = {
    at: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    command,
    engine: `${(await models()).join(', ')}${await driver()}`,
    machine: `k6 on a machine with ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})`,
  };
  console.log(JSON.stringify(about));
} catch (error) {
  console.error(`benchmark.sh: ${url} does not answer: ${error.cause?.message ?? error.message}`);
  process.exit(1);
}
