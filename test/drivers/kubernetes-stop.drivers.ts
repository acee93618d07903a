import { AppsV1Api, CoreV1Api, KubeConfig, KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { startAndKill } from './killed-tandem';

const NAMESPACE = 'tandem-stop';

describe('./stop after model-manager and its supervisor were killed', () => {
  it('leaves no Deployment and no pod', async () => {
    const { KUBECONFIG = '' } = process.env;
    const config = new KubeConfig();
    config.loadFromFile(KUBECONFIG);
    const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    const objects = KubernetesObjectApi.makeApiClient(config);
    await objects.patch(space, undefined, undefined, 'test', true, PatchStrategy.ServerSideApply);
    const [apps, core] = [config.makeApiClient(AppsV1Api), config.makeApiClient(CoreV1Api)];
    const left = async (): Promise<number> => {
      const deployments = await apps.listNamespacedDeployment({ namespace: NAMESPACE });
      const pods = await core.listNamespacedPod({ namespace: NAMESPACE });
      return deployments.items.length + pods.items.length;
    };
    const tandem = await startAndKill(
      'kubernetes',
      {
        KUBECONFIG,
        KUBERNETES_NAMESPACE: NAMESPACE,
        ENGINE_IMAGE: `registry.example/vllm-openai@sha256:${'a'.repeat(64)}`,
      },
      async () => (await left()) > 0,
    );
    expect(await tandem.stop()).toContain('ended what was left of vllm-0');
    expect(await left()).toBe(0);
    await tandem.remove();
  });
});
