// tools/k6/report.mjs FOLDER: report.md and report.html of what scripts/benchmark.sh measured (summary.json, points.json and
// about.json of that folder).
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dots, groupedBars } from './charts.mjs';

const PROMPTS = { 128: '128 tokens', '2k': '2,048 tokens' };
const ms = (value) => (value === undefined ? '–' : value < 100 ? value.toFixed(1) : String(Math.round(value)));
const people = (users) => (users === '1' ? '1 user' : `${users} users`);
const percent = (value) => `${(100 * value).toFixed(2)} %`;

/** One row for each number of users. Rates are per second of the stage's own time. */
export function rowsOf({ stages, metrics }, stageSeconds) {
  const of = (name, tags) => metrics[`${name}{${tags}}`]?.values;
  return stages.map((users) => {
    const seconds = stageSeconds[users];
    const ttft = (prompt) => of('ttft', `users:${users},prompt:${prompt}`) ?? {};
    const [itl, latency] = [of('itl', `users:${users}`) ?? {}, of('latency', `users:${users}`) ?? {}];
    return {
      users,
      requests: of('requests', `users:${users}`)?.count ?? 0,
      requestsAMinute: ((of('requests', `users:${users}`)?.count ?? 0) * 60) / seconds,
      tokensASecond: (of('output_tokens', `users:${users}`)?.count ?? 0) / seconds,
      failed: 1 - (of('available', `users:${users}`)?.rate ?? 1),
      ttft: Object.fromEntries(Object.keys(PROMPTS).map((prompt) => [prompt, ttft(prompt)])),
      itl,
      latency,
    };
  });
}

/** What was promised, what was measured, and whether it holds. */
export function verdictsOf({ kpi, metrics }, stageSeconds) {
  const five = metrics['requests{users:5}']?.values.count;
  const ttft = metrics['ttft{prompt:2k}']?.values.med;
  const asked = five === undefined ? null : (five * 60) / stageSeconds['5'];
  const verdicts = [
    [`time to the first token, p50 at 2k < ${kpi.ttftMs} ms`, `${ms(ttft)} ms`, ttft < kpi.ttftMs],
    [
      `5xx and cut answers < ${percent(kpi.failures5xx)}`,
      percent(metrics.server_errors.values.rate),
      metrics.server_errors.values.rate < kpi.failures5xx,
    ],
    [
      `available > ${percent(kpi.available)}`,
      percent(metrics.available.values.rate),
      metrics.available.values.rate > kpi.available,
    ],
  ];
  if (asked !== null)
    verdicts.push([
      `requests a minute of five users >= ${kpi.requestsAMinute}`,
      asked.toFixed(1),
      asked >= kpi.requestsAMinute,
    ]);
  return verdicts.map(([promise, measured, holds]) => ({ promise, measured, holds }));
}

const HEAD = [
  'users',
  'requests',
  'a minute',
  'tokens/s',
  'failed',
  'TTFT p50 (128)',
  'p95',
  'TTFT p50 (2k)',
  'p95',
  'gap p50',
  'p95',
  'whole p50',
  'p95',
];
const cells = (row) => [
  row.users,
  String(row.requests),
  row.requestsAMinute.toFixed(1),
  row.tokensASecond.toFixed(1),
  percent(row.failed),
  ...Object.values(row.ttft).flatMap((one) => [ms(one.med), ms(one['p(95)'])]),
  ms(row.itl.med),
  ms(row.itl['p(95)']),
  ms(row.latency.med),
  ms(row.latency['p(95)']),
];

export function markdown({ about, summary, rows, verdicts }) {
  const table = (head, lines) =>
    [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
  const counted = Object.keys(PROMPTS).map(
    (name) => `${name}: ${Math.round(summary.metrics[`prompt_tokens{prompt:${name}}`]?.values.med ?? 0)}`,
  );
  const chart = (title, unit, figures) =>
    [
      '```mermaid',
      'xychart-beta',
      `  title "${title}"`,
      `  x-axis [${rows.map(({ users }) => `"${people(users)}"`).join(', ')}]`,
      `  y-axis "${unit}" 0 --> ${Math.ceil(1.1 * Math.max(1, ...figures))}`,
      `  bar [${figures.map((one) => one.toFixed(1)).join(', ')}]`,
      '```',
    ].join('\n');
  return `# Load test: ${summary.scenario}

Measured ${about.at} with \`${about.command}\` against ${about.engine}.
${about.machine}. Prompts by the engine's own count, p50: ${counted.join(', ')} tokens. Times in milliseconds, as a client sees them.

${table(HEAD, rows.map(cells))}

${table(
  ['promise', 'measured', 'holds'],
  verdicts.map(({ promise, measured, holds }) => [promise, measured, holds ? 'yes' : '**no**']),
)}

${chart(
  'Time to the first token, p95 at 2k',
  'ms',
  rows.map(({ ttft }) => ttft['2k']['p(95)'] ?? 0),
)}

${chart(
  'Tokens a second, all users together',
  'tokens/s',
  rows.map(({ tokensASecond }) => tokensASecond),
)}
`;
}

export function html({ about, summary, rows, verdicts, points }) {
  const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const table = (head, lines) =>
    `<table><tr>${head.map((cell) => `<th>${escape(cell)}</th>`).join('')}</tr>${lines.map((line) => `<tr>${line.map((cell) => `<td>${escape(cell)}</td>`).join('')}</tr>`).join('')}</table>`;
  const groups = rows.map(({ users, ttft }) => [
    people(users),
    Object.values(ttft).flatMap((one) => [one.med ?? 0, one['p(95)'] ?? 0]),
  ]);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Load test: ${escape(summary.scenario)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c1c1e}table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:right}th{background:#f3f3f5}svg{width:100%;height:auto;margin:1rem 0}</style>
<h1>Load test: ${escape(summary.scenario)}</h1>
<p>Measured ${escape(about.at)} with <code>${escape(about.command)}</code> against ${escape(about.engine)}. ${escape(about.machine)}. Times in milliseconds, as a client sees them.</p>
${table(HEAD, rows.map(cells))}
${table(
  ['promise', 'measured', 'holds'],
  verdicts.map(({ promise, measured, holds }) => [promise, measured, holds ? 'yes' : 'no']),
)}
${groupedBars('Time to the first token, ms', ['128: p50', '128: p95', '2k: p50', '2k: p95'], groups)}
${groupedBars(
  'Tokens a second, all users together',
  ['tokens/s'],
  rows.map(({ users, tokensASecond }) => [people(users), [tokensASecond]]),
)}
${dots('Time to the first token over the test, ms', points)}
</html>
`;
}

/** Each time to the first token, with when it was: the other points are too many for a picture. */
async function firstTokens(file) {
  const points = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes('"metric":"ttft"') || !line.includes('"type":"Point"')) continue;
    const { data } = JSON.parse(line);
    points.push({ at: Date.parse(data.time), value: data.value, group: people(data.tags.users) });
  }
  return points;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const [summary, about] = [read('summary.json'), read('about.json')];
  const parts = {
    about,
    summary,
    rows: rowsOf(summary, summary.stageSeconds),
    verdicts: verdictsOf(summary, summary.stageSeconds),
  };
  writeFileSync(join(folder, 'report.md'), markdown(parts));
  writeFileSync(
    join(folder, 'report.html'),
    html({ ...parts, points: await firstTokens(join(folder, 'points.json')) }),
  );
}
