// A running Tandem with something to see in it, for pictures and measurements of the web UI: the simulator answers, and
// what was said and used is then replaced by what people could have said and used.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXCHANGES } from './showcase-texts.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);
const built = (path) => require(join(ROOT, 'dist', path));
const { Client } = require('pg');

const USERS = ['mina@example.org', 'jun@example.org', 'sora@example.org', 'alex@example.org'];
const KEYS = [
  { name: 'IDE on my laptop', requestsPerMinute: 60 },
  { name: 'nightly summaries', monthlyTokens: 2_000_000, expiresAt: '2027-06-30T23:59:59Z' },
];
const DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Starts the system and fills it. `stop()` ends it; `authorized` calls its API as the admin. */
export async function startShowcase(env = {}) {
  const { startSystem } = built('libs/testing/src/system.js');
  const system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '2000', ...env } });
  try {
    const authorized = await signIn(system);
    const conversations = [];
    for (const exchange of EXCHANGES) conversations.push(await converse(system, authorized, exchange));
    for (const email of USERS)
      await authorized('POST', '/api/users', { email, password: 'a long password', role: 'user' });
    for (const key of KEYS) await authorized('POST', '/api/keys', key);
    await authorized('POST', '/api/prompts', {
      name: 'Patient reviewer',
      text: 'You review code. Name the worst problem first, and show the smallest change that solves it.',
      isDefault: false,
    });
    await fillLedger(system, authorized);
    return { ...system, authorized, conversations };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

async function signIn({ url, adminEmail: email, adminPassword: password }) {
  const post = (path, body, headers = {}) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const { accessToken } = await (await post('/api/auth/login', JSON.stringify({ email, password }))).json();
  return async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
}

/** Asks everything for real, then puts the better texts in place of the simulator's. */
async function converse(system, authorized, { title, turns }) {
  const { id } = await (await authorized('POST', '/api/conversations', {})).json();
  for (const { question } of turns)
    await (await authorized('POST', '/api/chat', { conversationId: id, content: question })).text();
  await withDatabase(system, async (client) => {
    const { rows } = await client.query(
      "SELECT id FROM chat.messages WHERE conversation_id = $1 AND role = 'assistant' ORDER BY place",
      [id],
    );
    for (const [index, { answer, reasoning = null }] of turns.entries())
      await client.query('UPDATE chat.messages SET content = $2, reasoning = $3 WHERE id = $1', [
        rows[index].id,
        answer,
        reasoning,
      ]);
  });
  await authorized('PATCH', `/api/conversations/${id}`, { title });
  return id;
}

/** A month of requests: more on working days, by a few people, now and then one that failed. */
async function fillLedger(system, authorized) {
  const { items: users } = await (await authorized('GET', '/api/users')).json();
  const { items: keys } = await (await authorized('GET', '/api/keys')).json();
  await withDatabase(system, async (client) => {
    const first = new Date(Date.now() - DAYS * DAY_MS);
    const month = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1));
    const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1));
    await client.query(
      `CREATE TABLE IF NOT EXISTS usage.requests_${month.toISOString().slice(0, 7).replace('-', '_')}
       PARTITION OF usage.requests FOR VALUES FROM ('${month.toISOString()}') TO ('${next.toISOString()}')`,
    );
    await client.query('SELECT setseed(0.42)');
    await client.query(
      `INSERT INTO usage.requests (request_id, created_at, user_id, user_email, key_id, endpoint, model, profile, ctx_len,
         input_tokens, cached_tokens, output_tokens, reasoning_tokens, queue_ms, ttft_ms, latency_ms, status_code, outcome,
         count_method, error_code, stream, state, owner)
       SELECT 'req_showcase_' || day || '_' || n, at, who->>'id', who->>'email', CASE WHEN n % 3 = 0 THEN key END,
         CASE WHEN n % 3 = 0 THEN '/v1/chat/completions' ELSE '/api/chat' END,
         CASE WHEN n % 7 = 0 THEN 'qwen3-14b-awq' ELSE 'r1-distill-qwen-14b' END,
         CASE WHEN n % 7 = 0 THEN 'qwen3-14b-awq' ELSE 'r1-distill-qwen-14b' END, 8192,
         input, input / 3, output, output / 4, ttft / 6, ttft, ttft + output * 22, CASE WHEN failed THEN 502 ELSE 200 END,
         CASE WHEN failed THEN 'error' ELSE 'completed' END, 'exact', CASE WHEN failed THEN 'engine_error' END, true,
         'finished', 'showcase'
       FROM (SELECT day, n, $1::timestamptz + day * interval '1 day' + random() * interval '10 hours' AS at,
               $2::json->(floor(power(random(), 2) * json_array_length($2::json)))::int AS who,
               $3::json->>(floor(random() * json_array_length($3::json)))::int AS key,
               (80 + 900 * random())::int AS input, (60 + 700 * random())::int AS output,
               (150 + 900 * power(random(), 4))::int AS ttft, random() < 0.012 AS failed
             FROM generate_series(0, ${DAYS - 1}) AS day,
               generate_series(1, CASE WHEN extract(isodow FROM $1::timestamptz + day * interval '1 day') > 5 THEN 12 ELSE 60 + (day * 37 % 45) END) AS n) AS made
       WHERE at < now() - interval '1 hour'`,
      [
        first.toISOString(),
        JSON.stringify(users.map(({ id, email }) => ({ id, email }))),
        JSON.stringify(keys.map(({ id }) => id)),
      ],
    );
  });
}

async function withDatabase({ postgres }, work) {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

// Run by itself it stays until it is told to stop, and says where it is.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, adminEmail, adminPassword, conversations, stop } = await startShowcase();
  console.log(JSON.stringify({ url, adminEmail, adminPassword, conversations }));
  const alive = setInterval(() => undefined, DAY_MS); // the services do not hold this process
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop().then(() => clearInterval(alive)));
}
