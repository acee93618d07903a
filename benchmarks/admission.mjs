// `npm run bench:admission`: what the queue in front of an engine costs a request, with 1,000 waiting.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';

const BAR_US = 100;
const WAITING = 1_000;
const ROOM = 256;
const WARMUP = 20_000;
const REQUESTS = 50_000;
const ENGINE = 'vllm-0';

const require = createRequire(import.meta.url);
const built = join(ROOT, 'dist/apps/chat-service/src/admission');
const { decide, release, startAtOnce } = require(join(built, 'decide.js'));
const { emptyState } = require(join(built, 'queue-state.js'));

const { values } = parseArgs({ options: { write: { type: 'string' } } });

const rows = [
  ['nobody waits: in and out', direct(), null],
  ...[1, 50, 1_000].map((users) => [
    `1,000 wait, of ${users.toLocaleString('en')} users: in, its turn, out`,
    queued(users),
    BAR_US,
  ]),
  ['1,000 wait: telling all of them what changed, once a second', news(), null],
];

const table = [
  '| | CPU, µs | bar | |',
  '| --- | --- | --- | --- |',
  ...rows.map(([what, us, bar]) => {
    const verdict = bar === null ? '' : us < bar ? 'pass' : '**miss**';
    return `| ${what} | ${us < 1 ? us.toFixed(2) : us.toFixed(1)} | ${bar === null ? '' : `< ${bar}`} | ${verdict} |`;
  }),
].join('\n');
console.log(`\n${table}`);
if (values.write !== undefined) {
  await writeBetween(values.write, 'admission', `${await measuredOn()}\n\n${table}`);
}

function queue() {
  const state = emptyState(WAITING + 10);
  const prospect = () => ({ kind: 'wait', engineIds: [ENGINE], readyAt: null });
  decide(state, { kind: 'engines', at: 0, capacities: new Map([[ENGINE, ROOM]]), prospect });
  return state;
}

function arrive(state, userId, at) {
  const arrival = {
    userId,
    priority: 'person',
    sequences: 1,
    model: 'm',
    deadlineAt: at + 1e9,
    engineIds: [ENGINE],
    readyAt: null,
  };
  return decide(state, { kind: 'arrived', at, arrival });
}

/** A queue with 1,000 waiting, and the users that run. */
function filled(users) {
  const state = queue();
  const running = [];
  const ids = new Map();
  let next = 0;
  const step = () => {
    const userId = `user-${next++ % users}`;
    ids.set(state.lastId + 1, userId);
    take(arrive(state, userId, next));
  };
  const take = (effects) => {
    for (const effect of effects) {
      if (effect.kind !== 'start') continue;
      running.push(ids.get(effect.id));
      ids.delete(effect.id);
    }
  };
  const end = () => {
    const userId = running.shift();
    take(decide(state, { kind: 'ended', at: next, engineId: ENGINE, userId, sequences: 1, heldMs: 1_000 }));
  };
  while (state.waiting.length < WAITING) step();
  return { state, step, end };
}

function queued(users) {
  const { state, step, end } = filled(users);
  const us = perRound(() => {
    end();
    step();
  }, REQUESTS);
  if (state.waiting.length !== WAITING) throw new Error(`${state.waiting.length} wait`);
  return us;
}

function news() {
  const { state, step, end } = filled(50);
  return perRound(() => {
    end();
    step();
    decide(state, { kind: 'news', at: 1 });
  }, REQUESTS / 50);
}

function direct() {
  const state = queue();
  const ids = [ENGINE];
  return perRound(() => {
    startAtOnce(state, ids, 'user', 1);
    release(state, ENGINE, 'user', 1, 1_000);
  }, REQUESTS * 20);
}

/** CPU of this process, microseconds a round, after a warm-up. */
function perRound(round, rounds) {
  for (let n = 0; n < Math.min(WARMUP, rounds); n++) round();
  const before = process.cpuUsage();
  for (let n = 0; n < rounds; n++) round();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
