import { dockerAddress } from '../../apps/model-manager/src/drivers/docker/docker-address';
import { DockerApi } from '../../apps/model-manager/src/drivers/docker/docker-api';
import { startAndKill } from './killed-tandem';

const OWNER = 'stop-test';

describe('./stop after model-manager and its supervisor were killed', () => {
  it('leaves no container', async () => {
    const { DOCKER_HOST = '', SIMULATOR_IMAGE = '' } = process.env;
    const api = new DockerApi(dockerAddress(DOCKER_HOST, undefined));
    const containers = (): Promise<string[]> => api.list({ 'tandem.owner': OWNER });
    const tandem = await startAndKill(
      'docker',
      {
        DOCKER_HOST,
        ENGINE_IMAGE: SIMULATOR_IMAGE,
        ENGINE_OWNER: OWNER,
        ENGINE_MODEL_CACHE: 'tandem-drivers-test',
        VLLM_COMMAND: '/bin/node /app/dist/apps/vllm-simulator/src/main.js',
      },
      async () => (await containers()).length === 1,
    );
    expect(await tandem.stop()).toContain('ended what was left of vllm-0');
    expect(await containers()).toEqual([]);
    await tandem.remove();
  });
});
