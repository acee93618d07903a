import { createHash } from 'node:crypto';
import { ConfigError } from '#common/config';
import type { DockerSettings } from './docker/container-spec';
import { dockerAddress, type DockerAddress } from './docker/docker-address';
import type { KubernetesSettings } from './kubernetes/engine-manifests';

const MIB = 1024 * 1024;

/** What of the configuration both drivers read. */
interface ContainerVariables {
  ENGINE_IMAGE?: string | undefined;
  ENGINE_OWNER?: string | undefined;
  ENGINE_MODEL_CACHE: string;
  ENGINE_SHM_MIB: number;
}

interface DockerVariables extends ContainerVariables {
  DOCKER_HOST: string;
  DOCKER_CERT_PATH?: string | undefined;
  DOCKER_NETWORK?: string | undefined;
}

interface KubernetesVariables extends ContainerVariables {
  KUBERNETES_NAMESPACE: string;
  KUBERNETES_NODE_SELECTOR: Record<string, string>;
  KUBERNETES_GPU_RESOURCE: string;
  KUBERNETES_TOKEN_SECRET?: string | undefined;
  ENGINE_LOAD_TIMEOUT_MS: number;
  ENGINE_STOP_TIMEOUT_MS: number;
}

/** @throws ConfigError when DOCKER_HOST or its certificates are no good. */
export function containerSettings(
  variables: DockerVariables,
  stateDirectory: string,
): DockerSettings & { address: DockerAddress } {
  return {
    address: addressOf(variables),
    // Two homes on one machine have two state folders, and must not adopt each other's engines.
    owner: variables.ENGINE_OWNER ?? createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8),
    image: variables.ENGINE_IMAGE ?? '',
    network: variables.DOCKER_NETWORK,
    modelCache: variables.ENGINE_MODEL_CACHE,
    sharedMemoryBytes: variables.ENGINE_SHM_MIB * MIB,
  };
}

export function podSettings(variables: KubernetesVariables): KubernetesSettings {
  return {
    // A role names the engines beforehand, so it must be known.
    owner: variables.ENGINE_OWNER ?? 'main',
    namespace: variables.KUBERNETES_NAMESPACE,
    image: variables.ENGINE_IMAGE ?? '',
    modelCache: variables.ENGINE_MODEL_CACHE,
    sharedMemoryBytes: variables.ENGINE_SHM_MIB * MIB,
    nodeSelector: variables.KUBERNETES_NODE_SELECTOR,
    gpuResource: variables.KUBERNETES_GPU_RESOURCE,
    tokenSecret: variables.KUBERNETES_TOKEN_SECRET,
    loadTimeoutMs: variables.ENGINE_LOAD_TIMEOUT_MS,
    stopTimeoutMs: variables.ENGINE_STOP_TIMEOUT_MS,
  };
}

function addressOf({ DOCKER_HOST, DOCKER_CERT_PATH }: DockerVariables): DockerAddress {
  try {
    return dockerAddress(DOCKER_HOST, DOCKER_CERT_PATH);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const name = error instanceof RangeError ? 'DOCKER_HOST' : 'DOCKER_CERT_PATH';
    throw new ConfigError(`${name}: ${reason} (example: DOCKER_HOST=unix:///var/run/docker.sock)`);
  }
}
