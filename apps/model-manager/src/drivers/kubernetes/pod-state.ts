import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { CONTAINER } from './engine-manifests';

/** What the pod of an engine is doing, as far as a driver is concerned. */
export type PodState =
  | { kind: 'none' }
  | { kind: 'running'; pod: string }
  /** It cannot go on by itself: no node for it, no image, no secret. `reason` is Kubernetes' own word. */
  | { kind: 'stuck'; pod: string; reason: string; message: string }
  /** Its image is being fetched, its volumes mounted. */
  | { kind: 'coming'; pod: string; reason: string }
  /** It ended, whether it was started again meanwhile or not. */
  | { kind: 'ended'; pod: string; code: number; reason: string };

/** Waiting reasons of the kubelet that somebody has to do something about. */
const STUCK = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** Of the newest pod that is not being deleted. */
export function podState(pods: readonly V1Pod[]): PodState {
  const alive = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const newest = alive.sort((one, other) => createdAt(other) - createdAt(one))[0];
  return newest === undefined ? { kind: 'none' } : stateOf(newest);
}

function stateOf(pod: V1Pod): PodState {
  const name = pod.metadata?.name ?? '';
  const container = pod.status?.containerStatuses?.find((status) => status.name === CONTAINER);
  const ended = endOf(container?.state) ?? endOf(container?.lastState);
  if (ended !== null) return { kind: 'ended', pod: name, ...ended };
  if (pod.status?.phase === 'Failed')
    return { kind: 'ended', pod: name, code: 1, reason: pod.status.reason ?? 'the pod failed' };
  if (container?.state?.running !== undefined) return { kind: 'running', pod: name };
  const waiting = container?.state?.waiting;
  const reason = waiting?.reason ?? 'Pending';
  if (STUCK.has(reason)) return { kind: 'stuck', pod: name, reason, message: waiting?.message ?? reason };
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return {
      kind: 'stuck',
      pod: name,
      reason: scheduled.reason ?? 'Unschedulable',
      message: scheduled.message ?? 'the pod is not scheduled',
    };
  return { kind: 'coming', pod: name, reason };
}

function endOf(state: V1ContainerState | undefined): { code: number; reason: string } | null {
  const ended = state?.terminated;
  return ended === undefined ? null : { code: ended.exitCode, reason: ended.reason ?? 'the container ended' };
}

function createdAt(pod: V1Pod): number {
  return pod.metadata?.creationTimestamp?.getTime() ?? 0;
}
