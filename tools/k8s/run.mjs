// `npm run test:k8s`: the manifests of deploy/k8s against a real API server with nodes that have GPUs in name, and under
// kubeconform and kube-score. Needs Linux, Go (everything is built once into ~/.cache/tandem), python3, openssl and kubectl.
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KUBERNETES, kubePrograms, startControlPlane } from '../drivers/control-plane.mjs';
import { must } from '../drivers/programs.mjs';
import { definitionFiles, program } from './programs.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');

const control = await startControlPlane();
try {
  const schemas = join(homedir(), '.cache/tandem/kube', `schemas-${KUBERNETES}`);
  const { Dir } = JSON.parse(must('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES}`]));
  must('python3', [join(HERE, 'schemas.py'), join(Dir, 'api/openapi-spec/swagger.json'), schemas]);
  const args = ['node_modules/jest/bin/jest.js', '--testMatch', '**/test/deploy/kubernetes.deploy.ts'];
  const child = spawn(process.execPath, [...args, '--testTimeout', '120000', '--runInBand'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...control.environment,
      NODE_OPTIONS: '--experimental-vm-modules',
      KUBE_DEFINITIONS: definitionFiles().join(':'),
      KUBE_SCHEMAS: schemas,
      KUBECONFORM: program('kubeconform'),
      KUBE_SCORE: program('kube-score'),
      PATH: `${kubePrograms()}:${process.env.PATH}`,
    },
  });
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  await control.stop();
}
