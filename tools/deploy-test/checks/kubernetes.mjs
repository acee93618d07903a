import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KUBERNETES, kubePrograms, startControlPlane } from '../../drivers/control-plane.mjs';
import { must } from '../../drivers/programs.mjs';
import { definitionFiles } from '../../k8s/definitions.mjs';
import { programs } from '../programs.mjs';

/** etcd, kube-apiserver and the rest are built once into ~/.cache/tandem, which takes ten minutes on two cores. */
async function manifestsOnAnApiServer(root) {
  const control = await startControlPlane();
  try {
    const schemas = join(homedir(), '.cache/tandem/kube', `schemas-${KUBERNETES}`);
    const { Dir } = JSON.parse(must('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES}`]));
    must('python3', [join(root, 'tools/k8s/schemas.py'), join(Dir, 'api/openapi-spec/swagger.json'), schemas]);
    const args = ['node_modules/jest/bin/jest.js', '--testMatch', '**/test/deploy/kubernetes.deploy.ts', '--runInBand'];
    const child = spawn(join(root, 'node_modules/node/bin/node'), [...args, '--testTimeout', '120000'], {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...control.environment,
        NODE_OPTIONS: '--experimental-vm-modules',
        KUBE_DEFINITIONS: definitionFiles().join(':'),
        KUBE_SCHEMAS: schemas,
        KUBECONFORM: programs.find('kubeconform'),
        KUBE_SCORE: programs.find('kube-score'),
        PATH: `${kubePrograms()}:${process.env.PATH}`,
      },
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error('test/deploy/kubernetes.deploy.ts failed, see above');
  } finally {
    await control.stop();
  }
}

export const checks = [
  {
    name: 'kubernetes: overlays on a real API server, scheduled, drained; kubeconform, kube-score',
    needs: ['go', 'kubectl', 'python3', 'openssl', 'kubeconform', 'kube-score'],
    run: manifestsOnAnApiServer,
  },
];
