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
});
