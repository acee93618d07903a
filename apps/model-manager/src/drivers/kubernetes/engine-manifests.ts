import type { V1Container, V1Deployment, V1EnvVar, V1Service } from '@kubernetes/client-node';
import { CACHE_MOUNT, containerEnvironment, SECRET_VARIABLES } from '../container-environment';

export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
  /** Which Tandem it belongs to: two in one namespace leave each other's engines alone. */
  owner: 'app.kubernetes.io/instance',
  engine: 'tandem/engine',
} as const;

export const ANNOTATIONS = {
  profile: 'tandem/profile',
  /** Of everything that makes one engine differ from another. */
  fingerprint: 'tandem/fingerprint',
  /** When it was ready for the first time; ISO 8601. */
  readyAt: 'tandem/ready-at',
} as const;

export const CONTAINER = 'vllm';
const HTTP_PORT = 8_000;
const PROBE_EVERY_S = 5;

/** What the operator decides about engines on Kubernetes. */
export interface KubernetesSettings {
  owner: string;
  namespace: string;
  /** With its digest: the same profile starts the same vLLM tomorrow. */
  image: string;
  /** A persistent volume claim of the namespace. */
  modelCache: string;
  sharedMemoryBytes: number;
  /** Labels of the nodes that engines may run on; `kubernetes.io/hostname` pins them to one. */
  nodeSelector: Readonly<Record<string, string>>;
  /** What a node calls its GPUs: `nvidia.com/gpu`. */
  gpuResource: string;
  /** A secret of the namespace with the key `token`: the access token for Hugging Face. */
  tokenSecret: string | undefined;
  loadTimeoutMs: number;
  stopTimeoutMs: number;
}

export interface PodLaunch {
  id: string;
  profile: string;
  /** The program and its first arguments; `serve` and `args` follow. */
  command: readonly string[];
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** How many. Which ones is the device plugin's choice: it never gives one to two pods. */
  gpuCount: number;
  fingerprint: string;
}

/** Of the Deployment and its Service. Known beforehand, so that a role can name them. */
export function engineName({ owner }: Pick<KubernetesSettings, 'owner'>, engineId: string): string {
  return `tandem-${owner}-${engineId}`;
}

export function engineUrl(settings: KubernetesSettings, engineId: string): string {
  return `http://${engineName(settings, engineId)}.${settings.namespace}.svc:${HTTP_PORT}`;
}

export function engineLabels({ owner }: Pick<KubernetesSettings, 'owner'>, engineId: string): Record<string, string> {
  return { [LABELS.managedBy]: 'tandem', [LABELS.name]: 'vllm', [LABELS.owner]: owner, [LABELS.engine]: engineId };
}

/** One engine: one pod, and never an old beside a new one, since both would want the same GPUs. */
export function engineDeployment(launch: PodLaunch, settings: KubernetesSettings): V1Deployment {
  const labels = engineLabels(settings, launch.id);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: engineName(settings, launch.id),
      namespace: settings.namespace,
      labels,
      annotations: { [ANNOTATIONS.profile]: launch.profile, [ANNOTATIONS.fingerprint]: launch.fingerprint },
    },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 0,
      strategy: { type: 'Recreate' },
      progressDeadlineSeconds: probeFailures(settings) * PROBE_EVERY_S + 60,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { ...settings.nodeSelector },
          // GPU nodes are commonly tainted, so that only what needs a GPU comes to them.
          tolerations: [{ key: settings.gpuResource, operator: 'Exists', effect: 'NoSchedule' }],
          terminationGracePeriodSeconds: Math.ceil(settings.stopTimeoutMs / 1_000),
          automountServiceAccountToken: false,
          // A service named vllm would become VLLM_PORT, which vLLM takes for its own setting.
          enableServiceLinks: false,
          securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
          containers: [engineContainer(launch, settings)],
          volumes: [
            // Tensor parallel workers talk through /dev/shm, of which a container has 64 MiB by default.
            { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: String(settings.sharedMemoryBytes) } },
            { name: 'model-cache', persistentVolumeClaim: { claimName: settings.modelCache } },
          ],
        },
      },
    },
  };
}

function engineContainer(launch: PodLaunch, settings: KubernetesSettings): V1Container {
  const health = { httpGet: { path: '/health', port: 'http' }, periodSeconds: PROBE_EVERY_S, timeoutSeconds: 5 };
  return {
    name: CONTAINER,
    image: settings.image,
    imagePullPolicy: 'IfNotPresent', // a digest is always the same image
    command: [...launch.command, 'serve'],
    args: [...launch.args, '--host', '0.0.0.0', '--port', String(HTTP_PORT)],
    env: environment(launch, settings),
    ports: [{ name: 'http', containerPort: HTTP_PORT }],
    resources: { limits: { [settings.gpuResource]: String(launch.gpuCount) } },
    // Long enough for a load. There is no liveness probe: who judges and restarts an engine is model-manager.
    startupProbe: { ...health, failureThreshold: probeFailures(settings) },
    readinessProbe: health,
    securityContext: {
      allowPrivilegeEscalation: false,
      // The image's root writes into a volume that may belong to somebody else.
      capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] },
    },
    volumeMounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      { name: 'model-cache', mountPath: CACHE_MOUNT },
    ],
  };
}

/** Secrets come from a Secret alone: what stands in a Deployment is read by many. */
function environment(launch: PodLaunch, { tokenSecret }: KubernetesSettings): V1EnvVar[] {
  const open = Object.entries(containerEnvironment(launch.environment)).filter(
    ([name]) => !SECRET_VARIABLES.includes(name),
  );
  const variables: V1EnvVar[] = open.map(([name, value]) => ({ name, value }));
  if (tokenSecret !== undefined)
    variables.push({ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: tokenSecret, key: 'token' } } });
  return variables;
}

function probeFailures({ loadTimeoutMs }: KubernetesSettings): number {
  return Math.ceil(loadTimeoutMs / 1_000 / PROBE_EVERY_S);
}

/** The engine's address; it goes with its Deployment. */
export function engineService(engineId: string, settings: KubernetesSettings, deploymentUid: string): V1Service {
  const labels = engineLabels(settings, engineId);
  const name = engineName(settings, engineId);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: settings.namespace,
      labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid: deploymentUid }],
    },
    spec: {
      selector: labels,
      ports: [{ name: 'http', port: HTTP_PORT, targetPort: 'http' }],
      // model-manager asks an engine from its first moment on, and says itself when it is ready.
      publishNotReadyAddresses: true,
    },
  };
}
