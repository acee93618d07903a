import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPrograms, must, startServer, untilReady } from './programs.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
export const KUBERNETES = '1.36.3';
const ADMIN_TOKEN = 'of-a-control-plane-that-lives-for-one-test';

/** Where they are, or will be once they are built. */
export function kubePrograms() {
  return process.env.KUBE_PROGRAMS ?? join(homedir(), '.cache/tandem/kube', KUBERNETES);
}

/** etcd, API server, scheduler and controllers of Kubernetes, and kwok in the place of kubelets: no container runs. */
export async function startControlPlane() {
  const programs = kubePrograms();
  if (!existsSync(join(programs, 'kwok'))) {
    const missing = missingPrograms(['go', 'python3', 'openssl']);
    if (missing.length > 0) throw new Error(`${missing.join(', ')} is missing, with which Kubernetes is built once`);
    console.log('Building the control plane of Kubernetes, once');
    must('bash', [join(HERE, 'build-control-plane.sh'), programs, KUBERNETES], { stdio: 'inherit' });
  }
  const folder = mkdtempSync(join(tmpdir(), 'tandem-kube-'));
  const running = [];
  const stop = async () => {
    for (const server of running.reverse()) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await startAll(programs, folder, running);
    return { environment: { KUBECONFIG: join(folder, 'kubeconfig') }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(programs, folder, running) {
  const at = (name) => join(folder, name);
  const [client, peer, api, scheduler, controllers, nodes] = await freePorts(6);
  const start = (name, args) => {
    const server = startServer(join(programs, name), args, { logFile: at(`${name}.log`) });
    running.push(server);
    return server;
  };
  must('openssl', ['genrsa', '-out', at('sa.key'), '2048']);
  writeFileSync(at('tokens.csv'), `${ADMIN_TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });
  writeKubeconfig(at('kubeconfig'), `https://127.0.0.1:${api}`);
  const etcd = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  start('etcd', [
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  ]);
  const server = start('kube-apiserver', [
    `--etcd-servers=${etcd}`,
    `--secure-port=${api}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${at('certificates')}`,
    `--service-account-key-file=${at('sa.key')}`,
    `--service-account-signing-key-file=${at('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
  ]);
  await untilReady(server, 'kube-apiserver', () => isReady(api));
  const kubeconfig = `--kubeconfig=${at('kubeconfig')}`;
  const alone = [kubeconfig, '--leader-elect=false', '--bind-address=127.0.0.1'];
  start('kube-scheduler', [...alone, `--secure-port=${scheduler}`, `--cert-dir=${at('scheduler')}`]);
  start('kube-controller-manager', [
    ...alone,
    `--secure-port=${controllers}`,
    `--cert-dir=${at('controllers')}`,
    `--service-account-private-key-file=${at('sa.key')}`,
    '--use-service-account-credentials=true',
    `--root-ca-file=${at('certificates/apiserver.crt')}`,
  ]);
  start('kwok', [
    kubeconfig,
    `--config=${join(programs, 'stages.yaml')}`,
    '--manage-all-nodes=false',
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    `--server-address=127.0.0.1:${nodes}`,
    '--node-lease-duration-seconds=40',
  ]);
}

function writeKubeconfig(path, server) {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token: ADMIN_TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
}

function isReady(port) {
  const options = { rejectUnauthorized: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } };
  return new Promise((resolve, reject) => {
    get(`https://127.0.0.1:${port}/readyz`, options, (answer) => resolve(answer.resume().statusCode === 200)).once(
      'error',
      reject,
    );
  });
}

/** All held at once, so that they differ. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
