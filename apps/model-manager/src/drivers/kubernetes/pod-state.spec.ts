import type { V1ContainerState, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { podState } from './pod-state';

function pod(name: string, status: V1PodStatus, createdAt = 0, deletionTimestamp?: Date): V1Pod {
  const creationTimestamp = new Date(createdAt);
  return {
    metadata: { name, creationTimestamp, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    status,
  };
}

function container(state: V1ContainerState, lastState: V1ContainerState = {}): V1PodStatus {
  const restartCount = Object.keys(lastState).length;
  return {
    containerStatuses: [{ name: 'vllm', image: 'x', imageID: '', ready: false, restartCount, state, lastState }],
  };
}

describe('what the pod of an engine is doing', () => {
  it('is nothing while there is none', () => {
    expect(podState([])).toEqual({ kind: 'none' });
  });

  it('is an end also after the kubelet has started the container again: its memory is empty', () => {
    const restarted = container({ running: {} }, { terminated: { exitCode: 1, reason: 'Error' } });
    expect(podState([pod('a', restarted)])).toEqual({ kind: 'ended', pod: 'a', code: 1, reason: 'Error' });
  });

  it('is an end for want of memory of the host', () => {
    const killed = container({ terminated: { exitCode: 137, reason: 'OOMKilled' } });
    expect(podState([pod('a', killed)])).toEqual({ kind: 'ended', pod: 'a', code: 137, reason: 'OOMKilled' });
  });

  it('is an end when the node evicted it', () => {
    expect(podState([pod('a', { phase: 'Failed', reason: 'Evicted' })])).toMatchObject({
      kind: 'ended',
      reason: 'Evicted',
    });
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError'])(
    'needs somebody at %s',
    (reason) => {
      expect(podState([pod('a', container({ waiting: { reason, message: 'why' } }))])).toEqual({
        kind: 'stuck',
        pod: 'a',
        reason,
        message: 'why',
      });
    },
  );

  it('is coming while its image is fetched', () => {
    const creating = container({ waiting: { reason: 'ContainerCreating' } });
    expect(podState([pod('a', creating)])).toEqual({ kind: 'coming', pod: 'a', reason: 'ContainerCreating' });
  });

  it('is that of the newest, and not of one that is being deleted', () => {
    const running = container({ running: {} });
    const ended = container({ terminated: { exitCode: 0 } });
    expect(podState([pod('old', ended, 1), pod('new', running, 2)])).toEqual({ kind: 'running', pod: 'new' });
    expect(podState([pod('old', running, 1), pod('new', ended, 2, new Date(3))])).toEqual({
      kind: 'running',
      pod: 'old',
    });
  });
});
