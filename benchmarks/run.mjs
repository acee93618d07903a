// `npm run bench`: what Tandem costs beside other gateways, in one run, against the bars it must meet.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { buildGwbench, measure, report, startUpstream } from './lib/gwbench.mjs';
import { CACHE } from './lib/paths.mjs';
import { PEERS } from './lib/peers.mjs';
import { Cleanups, Trouble, runMain } from './lib/processes.mjs';
import { profileSummary, sortProfiles } from './lib/profile.mjs';
import { startTandem } from './lib/tandem.mjs';

const HELP = `npm run bench -- [options]

  --targets LIST     of tandem, ${Object.keys(PEERS).join(', ')} (default tandem,vllm-router,nginx)
  --scenarios LIST   of S1 to S7 (default all); benchmarks/gateway/README.md says what they are
  --rounds N         rounds of each scenario but S7 (default 5; S6: 3)
  --warmup N         streams through every target before measuring, and as many whole answers (default 5000)
  --quiet-wait TIME  how long to wait before each round for others to leave the CPU alone (default 30s)
  --out DIR          raw results and the peers' output (default .cache/bench/raw)
  --write FILE       put the table between the markers of this Markdown file
  --profile DIR      CPU profiles of the gateway and chat-service; the figures of such a run mean nothing`;

const MEMORY = 'S7';
const PROFILED = ['api-gateway', 'chat-service'];

const cleanups = new Cleanups();

await runMain(main, cleanups);

async function main() {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  mkdirSync(options.out, { recursive: true });
  const roundsFile = join(options.out, 'rounds.jsonl');
  rmSync(roundsFile, { force: true });
  await buildGwbench();
  const folder = mkdtempSync(join(tmpdir(), 'gwbench-'));
  cleanups.add(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711); // nginx, started by root, works as a user of its own
  const upstream = await startUpstream(cleanups);

  const speed = options.scenarios.filter((name) => name !== MEMORY);
  if (speed.length > 0) await measureSpeed(upstream, folder, { ...options, scenarios: speed });
  if (options.scenarios.includes(MEMORY) && options.targets.includes('tandem')) {
    await measureMemory(upstream, folder, options);
  }

  const table = await report(roundsFile);
  console.log(`\n${table}`);
  if (options.write !== undefined) {
    const command = `npm run bench${process.argv.slice(2).length === 0 ? '' : ` -- ${process.argv.slice(2).join(' ')}`}`;
    await writeBetween(options.write, 'bench', `${await measuredOn()} \`${command}\`\n\n${table}`);
  }
}

function readOptions() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      targets: { ...text, default: 'tandem,vllm-router,nginx' },
      scenarios: { ...text, default: 'S1,S2,S3,S4,S5,S6,S7' },
      rounds: text,
      warmup: text,
      'quiet-wait': text,
      out: { ...text, default: join(CACHE, 'raw') },
      write: text,
      profile: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  const known = ['tandem', ...Object.keys(PEERS)];
  const targets = values.targets.split(',');
  const stranger = targets.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Trouble(`unknown target ${stranger}; there are ${known.join(', ')}`);
  if (values.profile !== undefined && values.write !== undefined) {
    throw new Trouble('--write and --profile: a profiled run is slower than it should be');
  }
  const profileDir = values.profile === undefined ? undefined : resolve(values.profile);
  const scenarios = values.scenarios.split(',').map((name) => name.toUpperCase());
  return { ...values, targets, scenarios, profileDir, out: resolve(values.out) };
}

/** All targets run at once and take turns. */
async function measureSpeed(upstream, folder, options) {
  const targets = [];
  for (const name of options.targets.filter((target) => target !== 'tandem')) {
    try {
      targets.push({ name, ...(await PEERS[name](upstream, folder)) });
    } catch (error) {
      console.error(`${name} is left out: ${error.message}`);
    }
  }
  const tandem = options.targets.includes('tandem') ? await startTandem(cleanups, upstream, options) : null;
  if (tandem !== null) targets.unshift(tandem.target);
  await measure(cleanups, upstream, writeTargets(folder, targets), numbers(options));
  await tandem?.stop();
  if (tandem !== null && options.profileDir !== undefined) showProfiles(options.profileDir, tandem.pids);
}

/** Counts requests from the start of the system, so it has one that nobody has used. */
async function measureMemory(upstream, folder, options) {
  const { target, stop } = await startTandem(cleanups, upstream);
  await measure(cleanups, upstream, writeTargets(folder, [target]), {
    ...numbers(options),
    scenarios: [MEMORY],
    warmup: 0,
  });
  await stop();
}

function numbers({ scenarios, out, rounds, warmup, 'quiet-wait': quietWait }) {
  return { scenarios, out, rounds, warmup, 'quiet-wait': quietWait };
}

/** Holds an API key, so nobody else may read it. */
function writeTargets(folder, targets) {
  const file = join(folder, 'targets.json');
  writeFileSync(file, JSON.stringify(targets), { mode: 0o600 });
  return file;
}

function showProfiles(dir, pids) {
  const services = Object.fromEntries(PROFILED.map((name) => [name, pids[name]]));
  for (const file of sortProfiles(dir, services)) console.log(`\n${file}\n${profileSummary(file)}`);
}
