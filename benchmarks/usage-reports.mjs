// How fast the ledger is read: a month of 10,000,000 requests in a real Postgres, asked through a running gateway.
// Usage: npm run bench:usage -- [--rows N] [--export-rows N] [--write FILE]
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { get } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';
import { Cleanups, Trouble, runMain, until } from './lib/processes.mjs';
import { startSimulated } from './lib/tandem.mjs';

const REPEATS = 5;
const BARS = { exportS: 6, residentMib: 100, summaryMs: 300 };
const GROUPS = ['user', 'model', 'key', 'day'];
/** The two that the bar is set for. */
const BARRED = ['user', 'model'];

const cleanups = new Cleanups();

await runMain(main, cleanups);

async function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '10000000' },
      'export-rows': { type: 'string', default: '1000000' },
      write: { type: 'string' },
    },
  });
  const [rows, exportRows] = [Number(values.rows), Number(values['export-rows'])];
  const tandem = await startSimulated(cleanups);
  tandem.pids = await tandem.readPids();
  const database = await connect(tandem.pids['usage-service']);
  const month = lastMonth();
  const loadS = await seconds(() => load(database, month, rows));
  console.error(`${rows} rows written in ${loadS.toFixed(1)} s`);
  const sealS = await seconds(() => seal(tandem, database, month));
  console.error(`rolled up in ${sealS.toFixed(1)} s`);
  const summaries = await measureSummaries(tandem, month);
  const exported = await measureExport(tandem, month, exportRows / rows);
  const table = [
    '| | measured | bar | |',
    '|---|---|---|---|',
    ...summaries.map(({ group, ms }) =>
      line(
        `\`/summary?groupBy=${group}\`, ${rows.toLocaleString('en')} rows of one month: ms, median of ${REPEATS}`,
        ms.toFixed(0),
        BARRED.includes(group) ? [BARS.summaryMs, ms <= BARS.summaryMs] : null,
      ),
    ),
    line(
      `\`/export.csv\`, ${exported.rows.toLocaleString('en')} rows, ${(exported.bytes / 1e6).toFixed(0)} MB: seconds`,
      exported.s.toFixed(1),
      [BARS.exportS, exported.s <= BARS.exportS],
    ),
    ...exported.peaks.map(({ name, beforeMib, mib, programMib, barred }) =>
      line(
        `peak resident memory of ${name} during the export, MiB${barred ? ` (before it ${beforeMib.toFixed(0)}; its program ${programMib.toFixed(0)})` : ''}`,
        mib.toFixed(0),
        barred ? [BARS.residentMib, mib < BARS.residentMib] : null,
      ),
    ),
    line(`days rolled up again from nothing: seconds for the month`, sealS.toFixed(0), null),
  ].join('\n');
  const text = `${await measuredOn()}\n\n${table}\n\n${await plans(database, month)}`;
  console.log(text);
  await database.end();
  if (values.write !== undefined) await writeBetween(values.write, 'usage', text);
}

function line(what, value, bar) {
  if (bar === null) return `| ${what} | ${value} | | |`;
  return `| ${what} | ${value} | ≤ ${bar[0]} | ${bar[1] ? 'pass' : '**miss**'} |`;
}

/** As usage-service itself is connected. */
async function connect(pid) {
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const url = environment.find((entry) => entry.startsWith('DATABASE_URL='))?.slice('DATABASE_URL='.length);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** The month before this one: all of its days are over. */
function lastMonth() {
  const now = new Date();
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
  const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  return {
    from,
    to,
    days: (to - from) / 86_400_000,
    partition: `requests_${from.toISOString().slice(0, 7).replace('-', '_')}`,
  };
}

/** 40 users with 60 keys and 4 models; requests evenly over the month, durations of three orders of magnitude. */
async function load(database, { from, to, partition }, rows) {
  await database.query(`
    CREATE TABLE usage.${partition} (LIKE usage.requests INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    SELECT setseed(0.5)`);
  await database.query(
    `INSERT INTO usage.${partition} (request_id, created_at, user_id, user_email, key_id, endpoint, model, profile, ctx_len,
       input_tokens, cached_tokens, output_tokens, reasoning_tokens, queue_ms, ttft_ms, latency_ms, status_code, outcome,
       count_method, error_code, stream, state, owner)
     SELECT 'req_' || lpad(to_hex(i), 32, '0'), date_trunc('milliseconds', $1::timestamptz + i * ($2::timestamptz - $1::timestamptz) / $3),
       'user-0000-4000-8000-' || lpad(u::text, 12, '0'), 'user' || u || '@example.org',
       CASE WHEN k < 60 THEN 'key-00000-4000-8000-' || lpad((u * 1000 + k % 2)::text, 12, '0') END,
       CASE WHEN k % 3 = 0 THEN '/api/chat' ELSE '/v1/chat/completions' END,
       (ARRAY['deepseek-ai/DeepSeek-R1-Distill-Qwen-14B', 'Qwen/Qwen3-14B-AWQ', 'google/gemma-3-12b-it', 'meta-llama/Llama-3.1-8B'])[1 + k % 4],
       'default', 8192, 200 + k * 20, k * 5, 100 + k * 4, CASE WHEN k % 4 = 0 THEN k END, (r * r * 200)::int,
       20 + (power(10, 1 + 2 * r))::int, 200 + (power(10, 2 + 2.5 * r))::int,
       CASE WHEN k = 99 THEN 502 ELSE 200 END, CASE k WHEN 99 THEN 'error' WHEN 98 THEN 'client_cancelled' ELSE 'completed' END,
       CASE WHEN k >= 98 THEN 'counted' ELSE 'exact' END, CASE WHEN k = 99 THEN 'engine_error' END, k % 3 <> 1, 'finished', 'bench'
     FROM (SELECT i, (random() * 39)::int AS u, (random() * 99)::int AS k, random() AS r
           FROM generate_series(0, $3 - 1) AS i) AS made`,
    [from, to, rows],
  );
  await database.query(`
    SET maintenance_work_mem = '256MB';
    ALTER TABLE usage.${partition} ADD PRIMARY KEY (created_at, request_id);
    CREATE INDEX ON usage.${partition} (user_id, created_at, request_id);
    CREATE INDEX ON usage.${partition} (owner, created_at);
    ALTER TABLE usage.requests ATTACH PARTITION usage.${partition} FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`);
  await database.query(`VACUUM ANALYZE usage.${partition}`);
}

/** usage-service rolls up the days that are over soon after its start. */
async function seal(tandem, database, { from, to, days }) {
  process.kill(tandem.pids['usage-service'], 'SIGTERM');
  const sealed = async () => {
    const found = await database.query(
      'SELECT count(*)::int AS days FROM usage.sealed_days WHERE day >= $1 AND day < $2',
      [from, to],
    );
    return found.rows[0].days === days;
  };
  await until(sealed, 'rolling the month up', 600_000);
  await until(() => fetch(`${tandem.url}/health/ready`).then(({ ok }) => ok), 'the gateway', 30_000);
  tandem.pids = await tandem.readPids();
}

async function measureSummaries({ url, key }, { from, to }) {
  const range = `from=${from.toISOString()}&to=${to.toISOString()}`;
  const measured = [];
  for (const group of GROUPS) {
    const times = [];
    for (let time = 0; time <= REPEATS; time++)
      times.push(1_000 * (await seconds(() => asked(`${url}/api/usage/summary?groupBy=${group}&${range}`, key))));
    measured.push({ group, ms: median(times.slice(1)) });
  }
  return measured;
}

async function asked(url, key) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  if (!answer.ok) throw new Trouble(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Of the first part of the month, as large as `share`. The first run warms up, the second is measured. */
async function measureExport(tandem, { from, to }, share) {
  const end = new Date(from.getTime() + Math.round((to - from) * share));
  const url = `${tandem.url}/api/usage/export.csv?from=${from.toISOString()}&to=${end.toISOString()}`;
  const before = Object.fromEntries(
    Object.entries(tandem.pids).map(([name, pid]) => [name, residentMib(pid, 'VmRSS')]),
  );
  const first = await download(url, tandem.key);
  const processes = { ...tandem.pids, 'the Postgres session': await reader(tandem.pids.postgres) };
  for (const pid of Object.values(processes)) writeFileSync(`/proc/${pid}/clear_refs`, '5'); // forget the peak
  let second;
  const s = await seconds(async () => {
    second = await download(url, tandem.key);
  });
  if (second.lines !== first.lines) throw new Trouble('two exports of one month differ');
  const barred = ['api-gateway', 'usage-service', 'nats-server'];
  const names = [...barred, 'the Postgres session'];
  const peaks = names.map((name) => ({
    name,
    beforeMib: before[name],
    mib: residentMib(processes[name], 'VmHWM'),
    programMib: residentMib(processes[name], 'RssFile'),
    barred: barred.includes(name),
  }));
  return { ...second, rows: second.lines - 1, s, peaks };
}

/** The session of Postgres that has used the most CPU since its start is the one that writes the lines. */
function reader(postmaster) {
  const sessions = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name)?.parent === postmaster);
  sessions.sort((one, other) => (statOf(other)?.ticks ?? 0) - (statOf(one)?.ticks ?? 0));
  const [busiest] = sessions;
  if (busiest === undefined) throw new Trouble('Postgres has no sessions');
  return Number(busiest);
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null; // it ended meanwhile
  }
}

/** @param field of /proc/PID/status: VmRSS, VmHWM (its peak), or RssFile (mapped files: the program itself). */
function residentMib(pid, field) {
  const kib = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

function download(url, key) {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${key}` } }, (answer) => {
      let [bytes, lines] = [0, 0];
      answer.on('data', (chunk) => {
        bytes += chunk.length;
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
      });
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve({ bytes, lines }) : reject(new Trouble(`${answer.statusCode}`)),
      );
      answer.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** How Postgres answers them. */
async function plans(database, { from, to }) {
  const built = createRequire(join(ROOT, 'dist', 'apps', 'usage-service', 'src', 'main.js'));
  const { rollupStatement } = built('./summary/summary-sql.js');
  const { pageStatement } = built('./reports/requests.repository.js');
  const { exportStatement } = built('./export/export.repository.js');
  const filter = {
    ownerId: null,
    user: null,
    key: null,
    model: null,
    outcome: null,
    from: from.toISOString(),
    to: to.toISOString(),
  };
  const middle = { createdAt: new Date((from.getTime() + to.getTime()) / 2).toISOString(), requestId: '' };
  const statements = {
    'The summary by user': rollupStatement({ ...filter, groupBy: 'user' }),
    'A page of the list, from the middle of the month': pageStatement({
      ...filter,
      after: middle,
      cursor: null,
      limit: 51,
    }),
    'A page of the export, from the middle of the month': exportStatement(
      filter,
      { after: middle, until: null },
      2_000,
    ),
  };
  const texts = [];
  for (const [title, { sql, values }] of Object.entries(statements)) {
    const found = await database.query(`EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) ${sql}`, values);
    const plan = found.rows
      .map((row) => row['QUERY PLAN'])
      .map((text) => (text.length > 160 ? `${text.slice(0, 157)}...` : text));
    texts.push(`${title}:\n\n\`\`\`text\n${plan.join('\n')}\n\`\`\``);
  }
  return texts.join('\n\n');
}

async function seconds(what) {
  const from = performance.now();
  await what();
  return (performance.now() - from) / 1_000;
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
