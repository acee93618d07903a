/** Why an engine failed, in words that an operator understands. One table: cause -> advice and whether to try again. */

/**
 * `soon`: with backoff from half a second, until it is a crash loop. `patient`: the same, for as long as it takes: somebody
 * else must give something back, and it is wanted as soon as he does. `later`: only with the longest wait; somebody must do something, but may do it
 * without us (a disk, a hub, a licence). `never`: the same command line will fail again.
 */
export type Retry = 'soon' | 'patient' | 'later' | 'never';

interface FailureRow {
  readonly retry: Retry;
  readonly advice: string;
}

export const FAILURES = {
  oom_at_load: {
    retry: 'soon',
    advice:
      'The model does not fit into the memory of its GPUs. Lower maxModelLen or maxNumSeqs, use a quantized model, or more GPUs.',
  },
  oom_at_graphs: {
    retry: 'soon',
    advice:
      'The memory ran out while CUDA graphs were captured. Lower gpuMemoryUtilization by 0.02 or maxNumSeqs, or set enforceEager.',
  },
  oom_while_running: {
    retry: 'soon',
    advice:
      'A GPU ran out of memory under load. Lower gpuMemoryUtilization by 0.02 or maxNumBatchedTokens, and see whether something else uses the card.',
  },
  gpu_memory_taken: {
    retry: 'patient',
    advice: 'Something else holds GPU memory (see nvidia-smi). End it, or lower gpuMemoryUtilization.',
  },
  gpu_memory_not_freed: {
    retry: 'patient',
    advice: 'Look at nvidia-smi for who holds it. A driver that does not give memory back needs a restart of the host.',
  },
  kv_cache_too_small: {
    retry: 'soon',
    advice:
      'After the weights too little memory is left for one full context. Lower maxModelLen, raise gpuMemoryUtilization, or use more GPUs.',
  },
  nccl_error: {
    retry: 'soon',
    advice: 'The GPUs could not talk to each other. Look at dmesg for Xid errors; try NCCL_P2P_DISABLE=1.',
  },
  port_in_use: {
    retry: 'patient',
    advice: 'Another program listens on the port of the engine. Leave ENGINE_PORT unset and a free one is picked.',
  },
  out_of_disk: { retry: 'later', advice: 'Free some disk space where the weights are kept (HF_HOME).' },
  model_not_found: {
    retry: 'later',
    advice:
      'Look at MODEL_ID: it must be a Hugging Face id such as Qwen/Qwen3-14B-AWQ, or a folder with a config.json.',
  },
  model_access_denied: {
    retry: 'later',
    advice:
      'Accept the licence of the model on Hugging Face, and set HUGGING_FACE_HUB_TOKEN to a token that may read it.',
  },
  model_download_failed: {
    retry: 'later',
    advice: 'The weights could not be fetched. Look at the network, at HF_ENDPOINT and at HF_HUB_OFFLINE.',
  },
  weights_damaged: {
    retry: 'never',
    advice: 'A file of weights is damaged or cut short. Remove it and fetch it again.',
  },
  unknown_flag: {
    retry: 'never',
    advice: 'This version of vLLM does not know a flag of the profile. Remove it, or update vLLM.',
  },
  bad_flag_value: {
    retry: 'never',
    advice: 'A flag of the profile has a value that vLLM does not take. Correct the profile.',
  },
  context_too_long: { retry: 'never', advice: 'Lower maxModelLen (VLLM_MAXLEN) to what the model was made for.' },
  tensor_parallel_mismatch: {
    retry: 'never',
    advice: 'Choose a tensorParallelSize (VLLM_TP) that divides the attention heads of the model.',
  },
  no_chat_template: {
    retry: 'never',
    advice:
      'The tokenizer of the model has no chat template. Name one in the profile: chatTemplate, a file or the text.',
  },
  warm_up_failed: {
    retry: 'soon',
    advice: 'The engine came up, but did not answer its first request. The log of the engine says why.',
  },
  does_not_fit: { retry: 'never', advice: 'Change the profile as the fit check suggests, or choose a smaller one.' },
  unsupported_model: {
    retry: 'never',
    advice: 'This version of vLLM cannot run this kind of model. Update vLLM or choose another model.',
  },
  invalid_configuration: { retry: 'never', advice: 'vLLM refused its settings. Correct the profile.' },
  driver_unreachable: {
    retry: 'soon',
    advice: 'Look whether Docker, or the API server of Kubernetes, runs and whether its address is right.',
  },
  driver_refused: {
    retry: 'later',
    advice:
      'Docker or Kubernetes did not take the engine. Its answer says why; look at the rights of model-manager too.',
  },
  image_not_found: {
    retry: 'later',
    advice: 'Look at ENGINE_IMAGE: its registry, its name and its digest.',
  },
  gpu_not_available: {
    retry: 'later',
    advice:
      'No machine has these GPUs to give. On Docker install the NVIDIA Container Toolkit; on Kubernetes look at the nodes, their labels and what else runs there.',
  },
  command_not_found: { retry: 'never', advice: 'Install vLLM, or set VLLM_COMMAND to the path of its program.' },
  engine_core_failed: {
    retry: 'soon',
    advice: 'The engine behind the API server ended. The log of the engine says why.',
  },
  killed: {
    retry: 'patient',
    advice: 'Somebody killed the process. When it was the kernel for want of memory, dmesg says so.',
  },
  crashed: { retry: 'soon', advice: 'The log of the engine says why.' },
  hung: {
    retry: 'soon',
    advice: 'Requests ran but no token came. When it happens again, look at dmesg for Xid errors.',
  },
  unresponsive: {
    retry: 'soon',
    advice: 'The engine did not answer any more. When it happens again, look at the load of the machine.',
  },
  load_timeout: {
    retry: 'soon',
    advice: 'Loading took too long. Raise ENGINE_LOAD_TIMEOUT_MS when the weights are still being fetched.',
  },
} as const satisfies Record<string, FailureRow>;

export type FailureCause = keyof typeof FAILURES;

export interface Failure {
  cause: FailureCause;
  /** What happened, without the advice. */
  detail: string;
}

/** What an operator reads: what happened, and what to do next. */
export function failureMessage(failure: Failure): string {
  return `${failure.detail.replace(/[.\s]*$/, '.')} ${FAILURES[failure.cause].advice}`;
}

export function retryOf(cause: FailureCause): Retry {
  return FAILURES[cause].retry;
}
