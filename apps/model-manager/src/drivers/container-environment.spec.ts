import { containerEnvironment } from './container-environment';

describe('the environment of an engine in a container', () => {
  it('has the settings of vLLM, Hugging Face, NCCL and proxies, and nothing of the host', () => {
    const environment = containerEnvironment({
      PATH: '/usr/bin',
      HOME: '/root',
      LD_LIBRARY_PATH: '/opt/cuda',
      VLLM_LOGGING_LEVEL: 'DEBUG',
      HF_TOKEN: 'hf_secret',
      NCCL_P2P_DISABLE: '1',
      https_proxy: 'http://proxy:3128',
    });
    expect(environment).toEqual({
      VLLM_LOGGING_LEVEL: 'DEBUG',
      HF_TOKEN: 'hf_secret',
      NCCL_P2P_DISABLE: '1',
      https_proxy: 'http://proxy:3128',
      HF_HOME: '/model-cache/huggingface',
      VLLM_CACHE_ROOT: '/model-cache/vllm',
    });
  });

  it('keeps weights and compiled graphs in the mounted volume, wherever the host has them', () => {
    const environment = containerEnvironment({ HF_HOME: '/home/a/hf', HF_HUB_CACHE: '/b', VLLM_CACHE_ROOT: '/c' });
    expect(environment).toEqual({ HF_HOME: '/model-cache/huggingface', VLLM_CACHE_ROOT: '/model-cache/vllm' });
  });

  it('leaves the choice of cards to the device request: the host counts them otherwise than the container', () => {
    expect(containerEnvironment({ CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).not.toHaveProperty(
      'CUDA_VISIBLE_DEVICES',
    );
  });
});
