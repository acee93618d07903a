// `npm run test:drivers [docker|kubernetes]`: the drivers against a real Docker Engine API (podman's service) and a real
// Kubernetes API server (etcd + kube-apiserver + scheduler + controller-manager, with kwok's nodes that have GPUs in name).
// Needs Linux and root; podman, runc and catatonit from the distribution; Go, with which the control plane is built once
// into ~/.cache/tandem/kube (five minutes on two cores). What cannot be shown here, a GPU that reaches a container, is
// asserted on the request in the drivers' specs.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startControlPlane } from './control-plane.mjs';
import { startPodman } from './podman.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const SUITES = { docker: startPodman, kubernetes: startControlPlane };

function runSuite(name, environment) {
  const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--testMatch', `**/test/drivers/${name}*.drivers.ts`];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...args, '--testTimeout', '90000', '--runInBand'], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules', ...environment },
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const chosen = process.argv.slice(2).filter((name) => name in SUITES);
let failed = false;
for (const [name, start] of Object.entries(SUITES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`Starting what the ${name} driver talks to`);
  const server = await start(ROOT);
  try {
    failed = (await runSuite(name, server.environment)) !== 0 || failed;
  } finally {
    await server.stop();
  }
}
process.exit(failed ? 1 : 0);
