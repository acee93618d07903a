import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node, V1Pod, V1PodDisruptionBudget } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import type { KubernetesSettings, PodLaunch } from '../../apps/model-manager/src/drivers/kubernetes/engine-manifests';
import { KubernetesApi } from '../../apps/model-manager/src/drivers/kubernetes/kubernetes-api';
import { KubernetesDriver } from '../../apps/model-manager/src/drivers/kubernetes/kubernetes-driver';
import { eventually } from '#testing/eventually';
import { built, OVERLAYS } from './kustomize';

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is needed: use "npm run test:deploy -- kubernetes"`);
  return value;
};

const WITHIN = { timeoutMs: 60_000, everyMs: 250 };
const ENGINES = 'tandem-engines';

/** What kube-score asks for and is not done here, and why. */
const NOT_DONE = {
  'container-image-pull-policy': 'released images are pinned by tag or digest; a node need not ask the registry again',
  'container-resources': 'a CPU limit would make tokens stutter',
  'container-security-context-user-group-id': "1000 is the images' own user",
  'deployment-has-host-podantiaffinity': 'topologySpreadConstraints say it, and let a single node do as well',
  'deployment-replicas': 'one of each where there is one node',
  'networkpolicy-targets-pod': 'pods of engines, NATS and Postgres are made by others than this overlay',
  'pod-probes': 'readiness and liveness ask different paths; kube-score wants different ports as well',
};

const SETTINGS: KubernetesSettings = {
  owner: 'main',
  namespace: ENGINES,
  image: `vllm/vllm-openai@sha256:${'0'.repeat(64)}`,
  modelCache: 'tandem-models',
  sharedMemoryBytes: 8 * 1024 ** 3,
  nodeSelector: { 'kubernetes.io/hostname': 'gpu-0' },
  gpuResource: 'nvidia.com/gpu',
  tokenSecret: 'hugging-face',
  loadTimeoutMs: 3_600_000,
  stopTimeoutMs: 10_000,
};

function kubectl(args: readonly string[], input?: string): string {
  return execFileSync('kubectl', args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
}

/** Everything that it says, and how it ended. */
function tryKubectl(args: readonly string[], input?: string): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('kubectl', args, { encoding: 'utf8', input });
  return { code: status, said: stdout + stderr };
}

function read(...args: string[]): unknown {
  return JSON.parse(kubectl(['get', '-o', 'json', ...args]));
}

function pods(namespace: string, name?: string): V1Pod[] {
  const chosen = name === undefined ? [] : ['-l', `app.kubernetes.io/name=${name}`];
  return (read('pods', '-n', namespace, ...chosen) as { items: V1Pod[] }).items;
}

/** Nobody is behind it: kwok says that its pods run. */
function node(name: string, zone: string, gpus = 0): V1Node {
  const resources = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '200Gi' };
  const all = gpus === 0 ? resources : { ...resources, 'nvidia.com/gpu': String(gpus) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone },
    },
    ...(gpus === 0 ? {} : { spec: { taints: [{ key: 'nvidia.com/gpu', value: 'true', effect: 'NoSchedule' }] } }),
    status: { allocatable: all, capacity: all },
  };
}

const MODEL_VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'models' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '500Gi' },
    hostPath: { path: '/srv/models' },
    claimRef: { name: 'tandem-models', namespace: ENGINES },
  },
};

describe('deploy/k8s on a real API server', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-k8s-'));
    const definitions = given('KUBE_DEFINITIONS').split(':');
    kubectl(['apply', '--server-side', ...definitions.flatMap((file) => ['-f', file])]);
    kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    const namespaces = ['tandem', ENGINES, 'vllm'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    }));
    const nodes = [node('cpu-0', 'a'), node('cpu-1', 'b'), node('cpu-2', 'b'), node('gpu-0', 'a', 2)];
    kubectl(['apply', '-f', '-'], [...namespaces, ...nodes, MODEL_VOLUME].map((one) => stringify(one)).join('---\n'));
    await eventually(() => {
      const { items } = read('nodes') as { items: V1Node[] };
      return items.every(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      );
    }, WITHIN);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(OVERLAYS)('overlay %s', (overlay) => {
    it('is taken by the API server, field by field, and no pod in it is against its namespace’s rules', () => {
      const namespaces = built(overlay).objects.filter(({ kind }) => kind === 'Namespace');
      kubectl(['apply', '--server-side', '-f', '-'], namespaces.map((one) => stringify(one)).join('---\n'));
      const { code, said } = tryKubectl(
        ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
        built(overlay).text,
      );
      expect([code, said]).toEqual([0, expect.stringContaining('api-gateway')]);
      expect(said).not.toMatch(/would violate|unknown field|deprecated|Warning/);
    });

    it('has the shape of every schema', () => {
      const file = join(folder, `${overlay}.yaml`);
      writeFileSync(file, built(overlay).text);
      const location = `${given('KUBE_SCHEMAS')}/{{.ResourceKind}}{{.KindSuffix}}.json`;
      const others = 'ServiceMonitor,PrometheusRule,Cluster,Database';
      const args = ['-strict', '-summary', '-schema-location', location, '-skip', others, file];
      expect(execFileSync(given('KUBECONFORM'), args, { encoding: 'utf8' })).toMatch(/Invalid: 0, Errors: 0/);
    });

    it('does what kube-score asks for, but for what is not done on purpose', () => {
      const file = join(folder, `${overlay}.yaml`);
      const ignored = Object.keys(NOT_DONE).flatMap((test) => ['--ignore-test', test]);
      const { status, stdout } = spawnSync(
        given('KUBE_SCORE'),
        ['score', '--output-format', 'ci', '--kubernetes-version', 'v1.36', ...ignored, file],
        { encoding: 'utf8' },
      );
      const found = stdout.split('\n').filter((line) => /^\[(CRITICAL|WARNING)\]/.test(line));
      expect([found, status]).toEqual([[], 0]);
    });
  });

  it('takes the way in by the Gateway API as well', () => {
    const file = 'deploy/k8s/components/gateway-api/route.yaml';
    const { code, said } = tryKubectl(['apply', '--dry-run=server', '--validate=strict', '-f', file]);
    expect([code, said]).toEqual([0, expect.stringContaining('httproute.gateway.networking.k8s.io/tandem created')]);
  });

  it('would not take a manifest with a field that does not exist', () => {
    const wrong = built('cluster').text.replace('terminationGracePeriodSeconds', 'terminationGraceSeconds');
    const { code, said } = tryKubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], wrong);
    expect([code, said]).toEqual([1, expect.stringContaining('terminationGraceSeconds')]);
  });

  it('would not run a service as root', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root', namespace: 'tandem' } };
    const { code, said } = tryKubectl(
      ['apply', '--dry-run=server', '-f', '-'],
      stringify({ ...pod, spec: { containers: [{ name: 'root', image: 'tandem' }] } }),
    );
    expect([code, said]).toEqual([1, expect.stringContaining('violates PodSecurity "restricted')]);
  });

  describe('applied', () => {
    beforeAll(async () => {
      kubectl(['apply', '-f', '-'], built('cluster').text);
      // Two of each: the autoscalers' least, which holds without metrics too.
      await eventually(() => ran('tandem', 8), WITHIN);
    }, 120_000);

    it('spreads gateways and chat-services over nodes, and none of them is on the GPU node', () => {
      for (const name of ['api-gateway', 'chat-service', 'model-manager', 'usage-service']) {
        const nodes = pods('tandem', name).map(({ spec }) => spec?.nodeName);
        expect(new Set(nodes).size).toBe(nodes.length);
        expect(nodes).not.toContain('gpu-0');
      }
    });

    it('puts an engine on the GPU node with its two cards; a second one waits for cards', async () => {
      const first = await driver('vllm-0').start();
      const [running] = await eventually(() => ran(ENGINES, 1), WITHIN);
      expect(running?.spec?.nodeName).toBe('gpu-0');
      expect(running?.spec?.containers[0]?.resources?.limits).toEqual({ 'nvidia.com/gpu': '2' });
      const second = await driver('vllm-1').start();
      const waiting = await eventually(
        () => pods(ENGINES).find(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable')),
        WITHIN,
      );
      expect(waiting.metadata?.labels?.['tandem/engine']).toBe('vllm-1');
      expect(waiting.status?.conditions?.find(({ reason }) => reason === 'Unschedulable')?.message).toMatch(
        /Insufficient nvidia\.com\/gpu/,
      );
      await second.stop(1_000);
      expect(first.url).toBe('http://tandem-main-vllm-0.tandem-engines.svc:8000');
    });

    it('does not let a drain evict an engine, until an operator ends it', async () => {
      await eventually(() => budget(ENGINES, 'engines').status?.currentHealthy === 1, WITHIN);
      const { code, said } = drain('gpu-0', '5s');
      expect([code, said]).toEqual([1, expect.stringMatching(/would violate the pod's disruption budget/)]);
      expect(pods(ENGINES)[0]?.status?.phase).toBe('Running');
      await (await driver('vllm-0').find())?.stop(1_000);
      expect(drain('gpu-0', '60s').code).toBe(0);
      kubectl(['uncordon', 'gpu-0']);
    });

    it('lets a drain take one gateway at a time: the next one goes when another has come', async () => {
      await eventually(() => ran('tandem', 8), WITHIN);
      const before = pods('tandem', 'api-gateway').map(({ spec }) => spec?.nodeName);
      expect(before.length).toBe(2);
      await eventually(() => budget('tandem', 'api-gateway').status?.disruptionsAllowed === 1, WITHIN);
      expect(drain(String(before[0]), '60s').code).toBe(0);
      await eventually(() => {
        const now = pods('tandem', 'api-gateway').map(({ spec }) => spec?.nodeName);
        return now.length === 2 && !now.includes(before[0]);
      }, WITHIN);
      kubectl(['uncordon', String(before[0])]);
    });

    it('lets model-manager do no more than its engines need', () => {
      const may = (...words: string[]): string =>
        tryKubectl(['auth', 'can-i', ...words, '--as=system:serviceaccount:tandem:model-manager']).said.split(
          '\n',
        )[0] ?? '';
      expect(may('create', 'deployments.apps/tandem-main-vllm-0', '-n', ENGINES)).toBe('yes');
      expect(may('create', 'deployments.apps/anything', '-n', ENGINES)).toBe('no');
      expect(may('get', 'secrets', '-n', ENGINES)).toBe('no');
      expect(may('list', 'pods', '-n', 'tandem')).toBe('no');
      expect(may('list', 'nodes')).toBe('no');
    });

    function driver(id: string): KubernetesDriver {
      const launch: PodLaunch = {
        id,
        profile: 'r1-distill-qwen-14b',
        command: ['vllm'],
        args: ['deepseek-ai/DeepSeek-R1-Distill-Qwen-14B', '--tensor-parallel-size', '2'],
        environment: {},
        gpuCount: 2,
        fingerprint: id,
      };
      const quiet = { log: () => undefined, warn: () => undefined };
      return new KubernetesDriver(new KubernetesApi(ENGINES, accountOfModelManager()), launch, SETTINGS, quiet);
    }

    /** With the rights of the shipped role, and no others. */
    function accountOfModelManager(): string {
      const file = join(folder, 'model-manager');
      const token = kubectl(['create', 'token', 'model-manager', '-n', 'tandem']).trim();
      const config = JSON.parse(kubectl(['config', 'view', '--raw', '-o', 'json'])) as { users: { user: object }[] };
      config.users[0]!.user = { token };
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      return file;
    }
  });

  const budget = (namespace: string, name: string): V1PodDisruptionBudget =>
    read('pdb', name, '-n', namespace) as V1PodDisruptionBudget;

  /** The pods of a namespace, once so many of them run and none waits. */
  function ran(namespace: string, count: number): V1Pod[] | null {
    const all = pods(namespace);
    const running = all.filter(({ status, metadata }) => status?.phase === 'Running' && !metadata?.deletionTimestamp);
    return running.length >= count && running.length === all.length ? running : null;
  }

  function drain(name: string, timeout: string): { code: number | null; said: string } {
    return tryKubectl(['drain', name, '--ignore-daemonsets', '--delete-emptydir-data', `--timeout=${timeout}`]);
  }
});
