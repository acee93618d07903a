import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type KubernetesObject,
  type V1Pod,
} from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import type { KubernetesSettings, PodLaunch } from '../../apps/model-manager/src/drivers/kubernetes/engine-manifests';
import { KubernetesApi } from '../../apps/model-manager/src/drivers/kubernetes/kubernetes-api';
import { endStrayPods, KubernetesDriver } from '../../apps/model-manager/src/drivers/kubernetes/kubernetes-driver';
import { eventually } from '#testing/eventually';

const kubeconfig = process.env['KUBECONFIG'];
if (kubeconfig === undefined) throw new Error('KUBECONFIG is needed: use "npm run test:drivers"');

const NAMESPACE = 'tandem-engines';
/** Where model-manager itself is. */
const SERVICES = 'tandem';
const NAME = 'tandem-main-vllm-0';
const TOKEN = 'hf_thisMustNotBeSeen';
const WITHIN = { timeoutMs: 30_000, everyMs: 100 };

const LAUNCH: PodLaunch = {
  id: 'vllm-0',
  profile: 'qwen3-14b-awq',
  command: ['vllm'],
  args: ['Qwen/Qwen3-14B-AWQ', '--tensor-parallel-size', '2'],
  environment: { HF_TOKEN: TOKEN, NCCL_P2P_DISABLE: '1' },
  gpuCount: 2,
  fingerprint: 'f1',
};

const SETTINGS: KubernetesSettings = {
  owner: 'main',
  namespace: NAMESPACE,
  image: `registry.example/vllm-openai@sha256:${'a'.repeat(64)}`,
  modelCache: 'models',
  sharedMemoryBytes: 8 * 1024 ** 3,
  nodeSelector: { 'kubernetes.io/hostname': 'gpu-0' },
  gpuResource: 'nvidia.com/gpu',
  tokenSecret: 'hugging-face',
  loadTimeoutMs: 3_600_000,
  stopTimeoutMs: 10_000,
};

/** Two nodes that nobody is behind: kwok lets their pods run. */
function gpuNode(name: string, gpus: string): KubernetesObject {
  const resources = { cpu: '32', memory: '256Gi', pods: '110', 'nvidia.com/gpu': gpus };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, annotations: { 'kwok.x-k8s.io/node': 'fake' }, labels: { 'kubernetes.io/hostname': name } },
    spec: { taints: [{ key: 'nvidia.com/gpu', value: 'true', effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  } as KubernetesObject;
}

const CLAIM = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'models', namespace: NAMESPACE },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    volumeName: 'models',
    storageClassName: '',
  },
} as KubernetesObject;
const VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'models' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    hostPath: { path: '/srv/models' },
    storageClassName: '',
    claimRef: { name: 'models', namespace: NAMESPACE },
  },
} as KubernetesObject;

describe('engines as Deployments of a real API server', () => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const admin = { core: config.makeApiClient(CoreV1Api), apps: config.makeApiClient(AppsV1Api) };
  const warnings: unknown[] = [];
  const logger = { log: () => undefined, warn: (line: unknown) => warnings.push(line) };
  let folder: string;
  let api: KubernetesApi;

  /** Everything below is done with the rights of the shipped role, by its service account's token. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-kube-'));
    const objects = KubernetesObjectApi.makeApiClient(config);
    const namespaces = [NAMESPACE, SERVICES].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    }));
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'model-manager', namespace: SERVICES },
    } as KubernetesObject;
    const role = parseAllDocuments(readFileSync('deploy/k8s/components/engines/rbac.yaml', 'utf8')).map(
      (document) => document.toJS() as KubernetesObject,
    );
    for (const body of [...namespaces, account, gpuNode('gpu-0', '2'), gpuNode('gpu-1', '1'), VOLUME, CLAIM, ...role])
      await objects.patch(body, undefined, undefined, 'test', true, PatchStrategy.ServerSideApply);
    const token = await admin.core.createNamespacedServiceAccountToken({
      name: 'model-manager',
      namespace: SERVICES,
      body: { spec: { audiences: [], expirationSeconds: 3_600 } },
    });
    const restricted = new KubeConfig();
    const cluster = config.getCurrentCluster()!;
    restricted.loadFromClusterAndUser(cluster, { name: 'model-manager', token: token.status?.token ?? '' });
    writeFileSync(join(folder, 'kubeconfig'), restricted.exportConfig(), { mode: 0o600 });
    api = new KubernetesApi(NAMESPACE, join(folder, 'kubeconfig'));
  });
  afterEach(async () => {
    await (await driver().find())?.stop(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const driver = (
    launch: Partial<PodLaunch> = {},
    settings: Partial<KubernetesSettings> = {},
    stuckForMs?: number,
  ): KubernetesDriver =>
    new KubernetesDriver(api, { ...LAUNCH, ...launch }, { ...SETTINGS, ...settings }, logger, stuckForMs);
  const onlyPod = (): Promise<V1Pod> =>
    eventually(async () => {
      const { items } = await admin.core.listNamespacedPod({ namespace: NAMESPACE });
      return items.length === 1 ? items[0] : null;
    }, WITHIN);
  const runningPod = (): Promise<V1Pod> =>
    eventually(async () => {
      const pod = await onlyPod();
      return pod.status?.phase === 'Running' ? pod : null;
    }, WITHIN);

  it('run as one pod on the pinned node, with its GPUs, shared memory, model cache and a probe as long as a load', async () => {
    const engine = await driver().start();
    expect(engine.url).toBe(`http://${NAME}.${NAMESPACE}.svc:8000`);
    const { spec } = await runningPod();
    expect(spec?.nodeName).toBe('gpu-0');
    const [container] = spec!.containers;
    expect(container?.resources).toEqual({ limits: { 'nvidia.com/gpu': '2' }, requests: { 'nvidia.com/gpu': '2' } });
    expect(container?.startupProbe).toMatchObject({ periodSeconds: 5, failureThreshold: 720 });
    expect(container?.livenessProbe).toBeUndefined();
    expect(spec?.volumes?.find(({ name }) => name === 'shm')?.emptyDir).toEqual({
      medium: 'Memory',
      sizeLimit: '8589934592',
    });
    expect(spec?.volumes?.find(({ name }) => name === 'model-cache')?.persistentVolumeClaim?.claimName).toBe('models');
    const deployment = await admin.apps.readNamespacedDeployment({ name: NAME, namespace: NAMESPACE });
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    const service = await admin.core.readNamespacedService({ name: NAME, namespace: NAMESPACE });
    expect(service.spec).toMatchObject({
      publishNotReadyAddresses: true,
      selector: deployment.spec?.selector.matchLabels,
    });
  });

  it('show the access token nowhere: it comes from a secret', async () => {
    await driver().start();
    const deployment = await admin.apps.readNamespacedDeployment({ name: NAME, namespace: NAMESPACE });
    expect(JSON.stringify(deployment)).not.toContain(TOKEN);
    expect(deployment.spec?.template.spec?.containers[0]?.env).toContainEqual({
      name: 'HF_TOKEN',
      valueFrom: { secretKeyRef: { name: 'hugging-face', key: 'token' } },
    });
  });

  it('are found again by their name, as long as they are what would be started', async () => {
    const engine = await driver().start();
    await runningPod();
    engine.markReady(Date.now());
    await eventually(async () => (await driver().find())?.wasReady, WITHIN);
    expect(await driver().find()).toMatchObject({ handle: engine.handle, url: engine.url });
    expect(await driver({ fingerprint: 'f2' }).find()).toBeNull();
    expect((await admin.core.listNamespacedPod({ namespace: NAMESPACE })).items).toEqual([]);
  });

  it('end with their pod and their address, before stop says so', async () => {
    const engine = await driver().start();
    await runningPod();
    await engine.stop(5_000);
    expect((await admin.core.listNamespacedPod({ namespace: NAMESPACE })).items).toEqual([]);
    expect((await admin.apps.listNamespacedDeployment({ namespace: NAMESPACE })).items).toEqual([]);
    await eventually(
      async () => (await admin.core.listNamespacedService({ namespace: NAMESPACE })).items.length === 0,
      WITHIN,
    );
  });

  it('say that no node has the GPUs, in the words of the scheduler', async () => {
    const engine = await driver({ gpuCount: 3 }, {}, 1_500).start();
    const lines: string[] = [];
    engine.tail((line) => lines.push(line), 'start');
    const exit = new Promise((resolve) => engine.onExit((code, signal) => resolve({ code, signal })));
    expect(await exit).toEqual({ code: null, signal: null });
    expect(lines.join('\n')).toMatch(/\[kubernetes\] Unschedulable: .*Insufficient nvidia\.com\/gpu/);
  });

  it.each([
    [1, { code: 1, signal: null }],
    [137, { code: null, signal: 'SIGKILL' }],
  ])('say that the container ended with %i', async (exitCode, expected) => {
    const engine = await driver().start();
    const lines: string[] = [];
    engine.tail((line) => lines.push(line), 'start');
    const exit = new Promise((resolve) => engine.onExit((code, signal) => resolve({ code, signal })));
    const pod = await runningPod();
    await endContainer(pod, exitCode);
    expect(await exit).toEqual(expected);
    expect(lines).toContainEqual(`[kubernetes] the container ended with exit code ${exitCode} (Error)`);
  });

  it('are not adopted once their container has ended', async () => {
    await driver().start();
    await endContainer(await runningPod(), 1);
    expect(await driver().find()).toBeNull();
  });

  it('that nobody knows of are ended, and no others', async () => {
    await driver().start();
    await eventually(async () => (await api.pods({ 'tandem/engine': 'vllm-0' })).length === 1, WITHIN);
    expect(await endStrayPods(api, SETTINGS, ['vllm-0'])).toEqual([]);
    expect(await endStrayPods(api, SETTINGS, [])).toEqual(['vllm-0']);
    expect(await driver().find()).toBeNull();
  });

  it('leave everything alone that the role does not name', async () => {
    await expect(driver({ id: 'vllm-9' }).start()).rejects.toMatchObject({
      failure: 'driver_refused',
      message: expect.stringContaining('tandem-main-vllm-9') as string,
    });
    await expect(driver({}, { owner: 'other' }).find()).rejects.toThrow(/forbidden/);
  });

  it('say that the API server cannot be asked', async () => {
    const away = new KubeConfig();
    away.loadFromClusterAndUser(
      { name: 'away', server: 'http://127.0.0.1:9', skipTLSVerify: true },
      { name: 'nobody' },
    );
    writeFileSync(join(folder, 'away'), away.exportConfig());
    const lost = new KubernetesDriver(new KubernetesApi(NAMESPACE, join(folder, 'away')), LAUNCH, SETTINGS, logger);
    await expect(lost.start()).rejects.toMatchObject({ failure: 'driver_unreachable' });
  });

  /** As the kubelet tells it. */
  async function endContainer(pod: V1Pod, exitCode: number): Promise<void> {
    const status = {
      containerStatuses: [
        {
          name: 'vllm',
          image: SETTINGS.image,
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode, reason: 'Error' } },
        },
      ],
    };
    await admin.core.patchNamespacedPodStatus(
      { name: pod.metadata!.name!, namespace: NAMESPACE, body: { status } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
  }
});
