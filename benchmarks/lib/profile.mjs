import { readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

const SHOWN = 25;

/** Names the profiles in `dir` after the services in `pids`, drops those of others, and answers the files. */
export function sortProfiles(dir, pids) {
  const names = new Map(Object.entries(pids).map(([name, pid]) => [String(pid), name]));
  const files = [];
  for (const file of readdirSync(dir).filter((name) => /^CPU\..*\.cpuprofile$/.test(name))) {
    // CPU.<date>.<time>.<pid>.<thread>.<sequence>.cpuprofile; thread 0 is the main one (Node, CLI options, --cpu-prof).
    const [, , , pid, thread] = file.split('.');
    const name = thread === '0' ? names.get(pid) : undefined;
    if (name === undefined) {
      rmSync(join(dir, file));
      continue;
    }
    const target = join(dir, `${name}.cpuprofile`);
    renameSync(join(dir, file), target);
    files.push(target);
  }
  return files.sort();
}

/** The functions that took the most time themselves, as text. */
export function profileSummary(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const byId = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const selfUs = new Map();
  samples.forEach((id, index) => {
    const place = byId.get(id);
    selfUs.set(place, (selfUs.get(place) ?? 0) + timeDeltas[index]);
  });
  selfUs.delete('(idle)');
  const busyUs = [...selfUs.values()].reduce((sum, us) => sum + us, 0);
  const top = [...selfUs].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  const lines = top.map(([place, us]) => `${((100 * us) / busyUs).toFixed(1).padStart(6)} %  ${place}`);
  return [`${basename(file, '.cpuprofile')}: ${(busyUs / 1e6).toFixed(2)} s busy`, ...lines].join('\n');
}

function placeOf({ functionName, url, lineNumber }) {
  if (url === '') return functionName === '' ? '(native)' : functionName;
  const path = url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|dist)\//, '$1/');
  return `${functionName === '' ? '(anonymous)' : functionName} ${path}:${lineNumber + 1}`;
}
