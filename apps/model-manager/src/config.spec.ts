import { ConfigError } from '#common/config';
import { loadSettings } from './config';

describe('the configuration of model-manager', () => {
  it('hands an engine the settings of its world, and no secret of ours', () => {
    const { engineEnvironment } = loadSettings({
      PATH: '/usr/bin',
      HF_HOME: '/models',
      NCCL_P2P_DISABLE: '1',
      VLLM_LOGGING_LEVEL: 'DEBUG',
      VLLM_SIM_FAULT: 'oom-load',
      HUGGING_FACE_HUB_TOKEN: 'hf_x',
      NATS_URL: 'nats://tandem:secret@127.0.0.1:4222',
      DATABASE_URL: 'postgres://tandem:secret@127.0.0.1/tandem',
      JWT_SECRET: 'secret',
      TANDEM_ADMIN_PASSWORD: 'secret',
      VLLM_UTIL: '0.9',
      PORT: '1234',
    });
    expect(engineEnvironment).toEqual({
      PATH: '/usr/bin',
      HF_HOME: '/models',
      NCCL_P2P_DISABLE: '1',
      VLLM_LOGGING_LEVEL: 'DEBUG',
      VLLM_SIM_FAULT: 'oom-load',
      HUGGING_FACE_HUB_TOKEN: 'hf_x',
      HF_TOKEN: 'hf_x',
      VLLM_NO_USAGE_STATS: '1',
      DO_NOT_TRACK: '1',
    });
  });

  it('brings the simulator and its GPUs along', () => {
    const settings = loadSettings({ ENGINE_DRIVER: 'simulator', VLLM_COMMAND: '/opt/vllm' });
    expect(settings.engineCommand.at(-1)).toMatch(/vllm-simulator\/src\/main\.js$/);
    expect(settings.nvidiaSmiCommand.at(-1)).toMatch(/vllm-simulator\/src\/nvidia-smi\.js$/);
  });

  it('calls vLLM and nvidia-smi as it is told', () => {
    const settings = loadSettings({ ENGINE_DRIVER: 'process', VLLM_COMMAND: '"/opt/my vllm/vllm" --x' });
    expect(settings.engineCommand).toEqual(['/opt/my vllm/vllm', '--x']);
    expect(settings.nvidiaSmiCommand).toEqual(['nvidia-smi']);
  });

  it('stops the start with one line: the variable, what is wrong, an example', () => {
    expect(() => loadSettings({ ENGINE_DRIVER: 'external' })).toThrow(ConfigError);
    expect(() => loadSettings({ ENGINE_DRIVER: 'external' })).toThrow(/^ENGINE_URL: .*example: ENGINE_URL=http/);
    expect(() => loadSettings({ VLLM_UTIL: '1.5' })).toThrow(/^VLLM_UTIL: .*example: VLLM_UTIL=0\.90/);
    expect(() => loadSettings({ VLLM_MAXLEN: 'long' })).toThrow(/^VLLM_MAXLEN: must be a number/);
  });

  it.each(['docker', 'kubernetes'])('wants an image by its digest for the driver %s', (driver) => {
    expect(() => loadSettings({ ENGINE_DRIVER: driver })).toThrow(/^ENGINE_IMAGE: is needed/);
    expect(() => loadSettings({ ENGINE_DRIVER: driver, ENGINE_IMAGE: 'vllm/vllm-openai:latest' })).toThrow(
      /^ENGINE_IMAGE: must name an image by its digest/,
    );
  });

  it('says what is wrong with the address of Docker, and with labels of nodes', () => {
    const ENGINE_IMAGE = `vllm/vllm-openai@sha256:${'0'.repeat(64)}`;
    expect(() => loadSettings({ ENGINE_DRIVER: 'docker', ENGINE_IMAGE, DOCKER_HOST: 'ssh://host' })).toThrow(
      /^DOCKER_HOST: must be/,
    );
    expect(() => loadSettings({ KUBERNETES_NODE_SELECTOR: 'gpu' })).toThrow(/^KUBERNETES_NODE_SELECTOR: must be/);
    expect(
      loadSettings({ ENGINE_DRIVER: 'kubernetes', ENGINE_IMAGE, KUBERNETES_NODE_SELECTOR: 'a/b=c, d=e' }).kubernetes,
    ).toMatchObject({ owner: 'main', nodeSelector: { 'a/b': 'c', d: 'e' } });
  });

  it('keeps the engines of two homes on one Docker apart', () => {
    const ENGINE_IMAGE = `vllm/vllm-openai@sha256:${'0'.repeat(64)}`;
    const owner = (home: string): string | undefined =>
      loadSettings({ ENGINE_DRIVER: 'docker', ENGINE_IMAGE, ENGINE_STATE_DIR: home }).docker?.owner;
    expect(owner('/a/engines')).not.toBe(owner('/b/engines'));
    expect(owner('/a/engines')).toBe(owner('/a/engines'));
  });
});
