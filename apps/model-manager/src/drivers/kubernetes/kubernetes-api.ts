import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { AppsV1Api, CoreV1Api, KubeConfig, V1Deployment, V1Pod, V1Service } from '@kubernetes/client-node';
import { CONTAINER } from './engine-manifests';

/** Whom the API server has down for what is applied here. */
const FIELD_MANAGER = 'tandem-model-manager';

/** Thrown when the API server refuses (with its HTTP status) or cannot be asked (null). */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';

  constructor(
    readonly status: number | null,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

interface Clients {
  library: typeof import('@kubernetes/client-node');
  apps: AppsV1Api;
  core: CoreV1Api;
  config: KubeConfig;
}

/**
 * The calls of the Kubernetes API that running an engine takes, within one namespace. The client is loaded at the first of
 * them: it is 90 MB of memory, which nobody without Kubernetes has to pay.
 */
export class KubernetesApi {
  private clients: Promise<Clients> | null = null;

  /** @param kubeconfig a file; undefined: the account of the pod that this runs in, else the usual places. */
  constructor(
    private readonly namespace: string,
    private readonly kubeconfig: string | undefined,
  ) {}

  /** Null when there is none. */
  async deployment(name: string): Promise<V1Deployment | null> {
    return this.ask(({ apps }) => apps.readNamespacedDeployment({ name, namespace: this.namespace }), null);
  }

  /** Makes it, or makes it so. A role may name what may be applied, which it cannot do for a plain create. */
  async applyDeployment(body: V1Deployment): Promise<V1Deployment> {
    const name = body.metadata?.name ?? '';
    return this.ask(({ apps, library }) => apps.patchNamespacedDeployment(this.applied(name, body), asApply(library)));
  }

  async applyService(body: V1Service): Promise<V1Service> {
    const name = body.metadata?.name ?? '';
    return this.ask(({ core, library }) => core.patchNamespacedService(this.applied(name, body), asApply(library)));
  }

  async annotateDeployment(name: string, annotations: Record<string, string>): Promise<void> {
    const body = { metadata: { annotations } };
    await this.ask(({ apps, library }) =>
      apps.patchNamespacedDeployment(
        { name, namespace: this.namespace, body, fieldManager: FIELD_MANAGER },
        library.setHeaderOptions('Content-Type', library.PatchStrategy.MergePatch),
      ),
    );
  }

  /** It stays until all its pods are gone; nothing when it is gone already. */
  async deleteDeployment(name: string): Promise<void> {
    const propagationPolicy = 'Foreground';
    await this.ask(
      ({ apps }) => apps.deleteNamespacedDeployment({ name, namespace: this.namespace, propagationPolicy }),
      null,
    );
  }

  async pods(labels: Readonly<Record<string, string>>): Promise<V1Pod[]> {
    const labelSelector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    const list = await this.ask(({ core }) => core.listNamespacedPod({ namespace: this.namespace, labelSelector }));
    return list.items;
  }

  async deletePod(name: string, graceS: number): Promise<void> {
    await this.ask(
      ({ core }) => core.deleteNamespacedPod({ name, namespace: this.namespace, gracePeriodSeconds: graceS }),
      null,
    );
  }

  /**
   * The log of a pod, each line behind its time; it ends with the container. Not by the client's own `Log`: that one ends
   * the whole process when the connection breaks (an unhandled error of its stream, 2.0.1).
   * @param sinceTime RFC 3339; undefined: from its first line.
   */
  async log(pod: string, sinceTime: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    return this.ask(async ({ config }) => {
      const server = config.getCurrentCluster()?.server ?? '';
      const url = new URL(`${server}/api/v1/namespaces/${this.namespace}/pods/${pod}/log`);
      const query = { container: CONTAINER, follow: 'true', timestamps: 'true' };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      if (sinceTime !== undefined) url.searchParams.set('sinceTime', sinceTime);
      const options: RequestOptions = { method: 'GET', headers: {}, signal };
      await config.applyToHTTPSOptions(options);
      return open(url, options);
    });
  }

  private applied<T>(
    name: string,
    body: T,
  ): { name: string; namespace: string; body: T; fieldManager: string; force: true } {
    return { name, namespace: this.namespace, body, fieldManager: FIELD_MANAGER, force: true };
  }

  private async ask<T>(call: (clients: Clients) => Promise<T>): Promise<T>;
  private async ask<T>(call: (clients: Clients) => Promise<T>, missing: null): Promise<T | null>;
  private async ask<T>(call: (clients: Clients) => Promise<T>, missing?: null): Promise<T | null> {
    this.clients ??= this.connect();
    const clients = await this.clients;
    try {
      return await call(clients);
    } catch (error) {
      const refused = asKubernetesError(error, clients.library);
      if (missing === null && refused.status === 404) return null;
      throw refused;
    }
  }

  private async connect(): Promise<Clients> {
    const library = await import('@kubernetes/client-node');
    const config = new library.KubeConfig();
    if (this.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(this.kubeconfig);
    return {
      library,
      apps: config.makeApiClient(library.AppsV1Api),
      core: config.makeApiClient(library.CoreV1Api),
      config,
    };
  }
}

/** @throws Error with the answer's status where it is not 200. */
function open(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options);
    request.once('error', reject);
    request.once('response', (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      answer.resume();
      reject(new Error(`${url.pathname} answered ${answer.statusCode ?? 0}`));
    });
    request.end();
  });
}

function asApply(library: Clients['library']): ReturnType<Clients['library']['setHeaderOptions']> {
  return library.setHeaderOptions('Content-Type', library.PatchStrategy.ServerSideApply);
}

function asKubernetesError(error: unknown, { ApiException }: Clients['library']): KubernetesError {
  if (error instanceof ApiException) {
    const { code, body } = error as { code: number; body: unknown };
    return new KubernetesError(code, reasonIn(body), { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new KubernetesError(null, `The Kubernetes API server cannot be asked: ${reason}`, { cause: error });
}

/** A `Status` of the API, parsed or as text. */
function reasonIn(body: unknown): string {
  let status: unknown = body;
  if (typeof body === 'string') {
    try {
      status = JSON.parse(body);
    } catch {
      return body.slice(0, 400); // a proxy's page
    }
  }
  if (typeof status === 'object' && status !== null && 'message' in status && typeof status.message === 'string')
    return status.message;
  return 'it gave no reason';
}
