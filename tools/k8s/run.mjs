// `npm run test:k8s`: the manifests of deploy/k8s against a real API server with nodes that have GPUs in name, and under
// kubeconform and kube-score. Needs Linux, Go (everything is built once into ~/.cache/tandem), python3, openssl and kubectl.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from '../deploy-test/checks/kubernetes.mjs';

for (const { run } of checks) await run(join(dirname(fileURLToPath(import.meta.url)), '../..'));
