/**
 * What of the operator's environment goes into a container. A process inherits all of it; a container has an operating
 * system of its own, and a PATH, a HOME or an LD_LIBRARY_PATH of the host would break it.
 */
const FOR_CONTAINERS =
  /^(VLLM_|HF_|HUGGING_FACE_|TRANSFORMERS_|NCCL_|CUDA_|TORCH|PYTORCH_|TRITON_|NVIDIA_|OMP_|MKL_|GLOO_|LMCACHE_|DO_NOT_TRACK$|TZ$|LANG$|LC_ALL$|(HTTPS?|NO|ALL)_PROXY$|(https?|no|all)_proxy$)/;

/** Places on the host, which are none in the container; and which cards it sees is said by the device request. */
const OF_THE_HOST =
  /^(HF_HOME|HF_HUB_CACHE|HUGGINGFACE_HUB_CACHE|TRANSFORMERS_CACHE|HF_TOKEN_PATH|VLLM_CACHE_ROOT|VLLM_CONFIG_ROOT|TORCH_HOME|TORCHINDUCTOR_CACHE_DIR|TRITON_CACHE_DIR|CUDA_HOME|CUDA_PATH|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES)$/;

/** Where the model cache is mounted: weights below `huggingface`, compiled graphs below `vllm`. */
export const CACHE_MOUNT = '/model-cache';

/** Secrets among the variables: they never stand in a label, an annotation, a command line or a log. */
export const SECRET_VARIABLES: readonly string[] = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'VLLM_API_KEY'];

/** The variables of an engine in a container, with its caches in the mounted volume. */
export function containerEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const chosen = Object.entries(environment).filter(([name]) => FOR_CONTAINERS.test(name) && !OF_THE_HOST.test(name));
  return {
    ...Object.fromEntries(chosen),
    HF_HOME: `${CACHE_MOUNT}/huggingface`,
    VLLM_CACHE_ROOT: `${CACHE_MOUNT}/vllm`,
  };
}
