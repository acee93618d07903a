// Dependencies and build, once at a time for a checkout: what ./start and the tests both need first.
import { join } from 'node:path';
import { buildAll } from './build.mjs';
import { ensureDependencies, nodeOf } from './deps.mjs';
import { withLock } from './lock.mjs';
import { Trouble } from './trouble.mjs';

/** Answers the Node 24 to run everything with. */
export function prepare(root, log) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Trouble(`Node.js 20 or newer is needed, this is ${process.versions.node}`);
  return withLock(
    join(root, '.cache', 'prepare.lock'),
    (holder) => log(`waiting for another start that installs or builds (pid ${holder})`),
    async () => {
      await ensureDependencies(root, log);
      await buildAll(root, log);
      return nodeOf(root);
    },
  );
}
