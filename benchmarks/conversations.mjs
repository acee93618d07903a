// How long lists, searches and openings take for somebody with 10,000 conversations and 1,000,000 messages, over HTTP through
// the gateway. Usage: npm run bench:conversations -- [--conversations N] [--messages N] [--repeat N] [--write FILE]
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillHistory, RARE } from './lib/chat-history.mjs';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';

const require = createRequire(import.meta.url);
const built = (path) => require(join(ROOT, 'dist', path));
const { Client } = require('pg');
const { startSystem } = built('libs/testing/src/system.js');
const { SearchRepository } = built('apps/chat-service/src/conversations/search.repository.js');
const { ConversationsRepository } = built('apps/chat-service/src/conversations/conversations.repository.js');
const { MessagesRepository } = built('apps/chat-service/src/conversations/messages.repository.js');

const BAR_MS = 100;
const OPENED = 1_000;

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '1000000' },
    repeat: { type: 'string', default: '40' },
    write: { type: 'string' },
  },
});
const size = { conversations: Number(values.conversations), messages: Number(values.messages), opened: OPENED };

const system = await startSystem();
try {
  await main();
} finally {
  await system.stop();
}

async function main() {
  const client = new Client({ connectionString: system.postgres.url });
  await client.connect();
  const ownerId = (await get('/api/me')).id;
  const begun = performance.now();
  const openedId = await fillHistory(client, built, ownerId, size, (text) => console.error(text));
  console.error(`history made in ${Math.round((performance.now() - begun) / 1_000)} s`);
  const { cursor } = await pageAt(0.5);
  const requests = [
    ['list, first page', '/api/conversations'],
    ['list, a page in the middle', `/api/conversations?limit=50&cursor=${cursor}`],
    [`open, ${OPENED} messages`, `/api/conversations/${openedId}/messages`],
    ['search, a word of every fifth message', search('구름')],
    ['search, a word of one message in 20,000', search(RARE.latin)],
    ['search, a Korean word of two syllables, as rare', search(RARE.korean)],
    ['search, one syllable', search('름')],
    ['search, common pairs that are no word', search('ernandeinthe')],
    ['search, nowhere', search('쀍쀎')],
    ['search, in titles', search('title 77')],
  ];
  const rows = [];
  for (const [what, path] of requests) {
    const { p50, p95, max, items } = await timed(path);
    const verdict = p95 < BAR_MS ? 'pass' : '**miss**';
    rows.push(`| ${what} | ${items} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${max.toFixed(1)} | ${verdict} |`);
    console.error(rows.at(-1));
  }
  const count = `${size.conversations.toLocaleString('en')} conversations, ${size.messages.toLocaleString('en')} messages of 40 to 160 characters, all of one user`;
  const table = [
    `${count}; ${values.repeat} requests each, one after the other, after three that are not counted.`,
    '',
    `| over HTTP, milliseconds | items | p50 | p95 | max | p95 < ${BAR_MS} |`,
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  const plans = await explain(client, ownerId, openedId);
  console.log(`\n${table}\n\n${plans}`);
  if (values.write !== undefined)
    await writeBetween(values.write, 'conversations', `${await measuredOn()}\n\n${table}\n\n${plans}`);
  await client.end();
}

/** What Postgres does for three of them, as EXPLAIN tells it: the service's own statements. */
async function explain(client, ownerId, openedId) {
  const parts = [];
  const explained = (title) => ({
    query: async (sql, parameters) => {
      const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${sql}`, parameters);
      const plan = rows.map((row) => row['QUERY PLAN'].slice(0, 160)).join('\n');
      parts.push(`${title}:\n\n\`\`\`\n${plan}\n\`\`\``);
      return (await client.query(sql, parameters)).rows;
    },
  });
  await new ConversationsRepository(explained('A page of the list')).recent(ownerId, null, 51);
  await new MessagesRepository(explained(`The ${OPENED} messages of a conversation`)).page(
    { ownerId, id: openedId },
    0,
    1_000,
  );
  const from = parts.length;
  await new SearchRepository(explained('A search')).find(ownerId, RARE.korean, null, 51);
  // The newest part, and the most parts at once.
  const searches = parts.splice(from).filter((part) => part.includes('search_documents'));
  return [...parts, searches.at(0), searches.at(-1)].join('\n\n');
}

function search(q) {
  return `/api/conversations?q=${encodeURIComponent(q)}`;
}

async function get(path) {
  const response = await fetch(system.url + path, { headers: { authorization: `Bearer ${system.apiKey}` } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The cursor after this share of the list. */
async function pageAt(share) {
  const place = Math.floor(size.messages * share);
  return { cursor: Buffer.from(JSON.stringify([place])).toString('base64url') };
}

async function timed(path) {
  for (let n = 0; n < 3; n++) await get(path);
  const times = [];
  let items = 0;
  for (let n = 0; n < Number(values.repeat); n++) {
    const at = performance.now();
    items = (await get(path)).items.length;
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { p50: quantile(0.5), p95: quantile(0.95), max: times.at(-1), items };
}
