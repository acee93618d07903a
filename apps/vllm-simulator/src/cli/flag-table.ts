/**
 * The flags of `vllm serve` 0.32.0, by the kind of value they take (from its argument parser).
 * Names stand without the leading dashes.
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

/** `--x`, nothing else. */
export const SWITCHES: ReadonlySet<string> = new Set(
  words(`
  aggregate-engine-logging data-parallel-multi-port-external-lb disable-log-stats grpc headless
  `),
);

/** `--x` and `--no-x`. */
export const BOOLEANS: ReadonlySet<string> = new Set(
  words(`
  allow-credentials allow-deprecated-quantization async-scheduling cohere-is-reasoning-model cudagraph-metrics
  data-parallel-external-lb data-parallel-hybrid-lb dcp-q-replicate disable-cascade-attn disable-chunked-mm-input
  disable-custom-all-reduce disable-fastapi-docs disable-hybrid-kv-cache-manager
  disable-nccl-for-dp-synchronization disable-sliding-window disable-uvicorn-access-log enable-auto-tool-choice
  enable-batch-sharded-sampling enable-chunked-prefill enable-cumem-allocator enable-dbo enable-elastic-ep
  enable-ep-weight-filter enable-eplb enable-expert-parallel enable-fault-tolerance enable-flash-late-interaction
  enable-flashinfer-autotune enable-force-include-usage enable-hc-sp enable-layerwise-nvtx-tracing
  enable-log-deltas enable-log-outputs enable-log-requests enable-logging-iteration-details enable-lora
  enable-mamba-cache-stochastic-rounding enable-mamba-shared-prefix-checkpoint enable-mfu-metrics
  enable-mixed-moe-lora-format enable-mm-embeds enable-moe-shared-loras enable-nccl-comm-suspend
  enable-offline-docs enable-per-request-metrics enable-prefix-caching enable-prompt-embeds
  enable-prompt-tokens-details enable-request-id-headers enable-return-routed-experts enable-scale-out
  enable-server-load-tracking enable-shm-tensor-arena enable-sleep-mode enable-ssl-refresh
  enable-tokenizer-info-endpoint enable-tower-connector-lora enable-trace-replay enforce-eager
  exclude-tools-when-tool-choice-none fail-on-environ-validation fully-sharded-loras interleave-mm-strings
  jit-monitor-verbose kv-cache-metrics kv-sharing-fast-prefill language-model-only log-error-stack
  long-prefill-token-threshold-adaptive mm-device-do-normalize mm-encoder-only numa-bind ray-workers-use-nsight
  return-sampling-mask return-tokens-as-token-ids scheduler-reserve-full-isl skip-mm-profiling skip-tokenizer-init
  sleep-mode-offload-cudagraph specialize-active-lora swa-bounded-replay tokens-only trust-remote-code
  trust-request-chat-template trust-request-mm-kwargs use-fp64-gumbel use-replayssm use-tqdm-on-load
  `),
);

/** A whole number. */
export const INTEGERS: ReadonlySet<string> = new Set(
  words(`
  api-server-count block-size cp-kv-cache-interleave-size data-parallel-rank data-parallel-rpc-port
  data-parallel-size data-parallel-size-local data-parallel-start-rank data-parallel-supervisor-port
  dbo-decode-token-threshold dbo-prefill-token-threshold dcp-kv-cache-interleave-size decode-context-parallel-size
  dp-supervisor-probe-failure-threshold dp-sync-interval elastic-ep-max-dp-size h11-max-header-count
  h11-max-incomplete-event-size long-prefill-token-threshold mamba-cache-philox-rounds master-port
  max-cudagraph-capture-size max-logprobs max-loras max-num-seqs mm-shm-cache-max-object-size-mb nnodes node-rank
  offload-group-size offload-num-in-group offload-prefetch-step pipeline-parallel-size port
  prefill-context-parallel-size prefill-schedule-interval renderer-num-workers replayssm-buffer-len
  safetensors-prefetch-num-threads seed shutdown-timeout spec-tokens sse-keep-alive-interval ssl-cert-reqs
  stream-interval tensor-parallel-size ubatch-size
  `),
);

/** A number. */
export const FLOATS: ReadonlySet<string> = new Set(
  words(`
  cpu-offload-gb dp-supervisor-probe-interval-s dp-supervisor-probe-timeout-s gpu-memory-utilization
  kv-cache-metrics-sample mm-encoder-fp8-scale-save-margin mm-ipc-gpu-memory-gb mm-processor-cache-gb watermark
  `),
);

/** A whole number that may be written 1k (1,000) or 1K (1,024). */
export const HUMAN_INTEGERS: ReadonlySet<string> = new Set(
  words(`
  kv-cache-memory-bytes max-model-len max-num-batched-tokens safetensors-prefetch-block-size
  `),
);

/** Any text. */
export const TEXTS: ReadonlySet<string> = new Set(
  words(`
  allowed-local-media-path attention-backend chat-template code-revision cohere-format config config-format
  cpu-distributed-timeout-seconds custom-histogram-buckets data-parallel-address data-parallel-backend
  default-mm-loras device-ids diffusion-config disable-access-log-for-endpoints distributed-executor-backend
  distributed-timeout-seconds download-dir ec-transfer-config engram-config fingerprint-value generation-config
  grpc-port hf-config-path host io-processor-plugin kv-events-config kv-offloading-size
  kv-transfer-config limit-mm-per-prompt load-format log-config-file mamba-backend mamba-block-size master-addr
  max-cpu-loras max-log-len max-lora-cls-labels max-num-active-seqs max-num-queued-reqs max-num-queued-tokens
  max-num-scheduled-tokens max-parallel-loading-workers media-io-kwargs middleware mm-encoder-attn-backend
  mm-encoder-fp8-scale-path mm-encoder-fp8-scale-save-path mm-processor-kwargs model model-class-overrides
  model-impl num-gpu-blocks-override optimization-level otlp-traces-endpoint override-generation-config
  pooler-config prefix-cache-retention-interval prefix-match-unit quantization quantization-config
  reasoning-config reasoning-parser reasoning-parser-plugin response-role revision root-path scheduler-cls
  show-hidden-metrics-for-version spec-model speculative-config ssl-ca-certs ssl-certfile ssl-ciphers ssl-keyfile
  tokenizer tokenizer-mode tokenizer-revision tool-call-parser tool-parser-plugin tool-server uds
  video-pruning-rate watermark-config weight-transfer-config worker-cls worker-extension-cls
  `),
);

/** JSON. */
export const JSON_VALUES: ReadonlySet<string> = new Set(
  words(`
  additional-config allowed-headers allowed-methods allowed-origins attention-config aux-output-config
  compilation-config default-chat-template-kwargs ec-manager-config eplb-config fault-tolerance-config
  hf-overrides ir-op-priority kernel-config logging-config model-loader-extra-config profiler-config
  pt-load-map-location structured-outputs-config
  `),
);

/** One value or several. */
export const LISTS: ReadonlySet<string> = new Set(
  words(`
  allowed-media-domains api-key collect-detailed-traces cpu-offload-params cudagraph-capture-sizes ignore-patterns
  kv-cache-dtype-skip-layers logits-processors lora-modules lora-target-modules numa-bind-cpus numa-bind-nodes
  offload-params served-model-name sleep-preserve-parameter-names
  `),
);

/** A value or nothing. */
export const OPTIONAL_VALUES: ReadonlySet<string> = new Set(
  words(`
  hf-token
  `),
);

/** One of the values listed, in the order in which the error message lists them. */
export const CHOICES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'chat-template-content-format': 'auto openai string',
    'tool-strict-level': 'auto function parameter',
    'anthropic-disabled-thinking-effort': 'auto high low max medium none xhigh',
    'fingerprint-mode': 'custom full hash none',
    'uvicorn-log-level': 'critical debug error info trace warning',
    runner: 'auto draft generate pooling',
    convert: 'auto classify embed none',
    dtype: 'auto bfloat16 float float16 float32 half',
    'logprobs-mode': 'processed_logits processed_logprobs raw_logits raw_logprobs',
    'safetensors-load-strategy': 'eager lazy prefetch torchao None',
    'mamba-ssu-algorithm': 'auto horizontal simple vertical None',
    'dcp-comm-backend': 'a2a ag_rs None',
    'all2all-backend':
      'allgather_reducescatter deepep_high_throughput deepep_low_latency deepep_v2 flashinfer_all2allv flashinfer_nvlink_one_sided flashinfer_nvlink_two_sided moonep mori_high_throughput mori_low_latency naive nixl_ep pplx',
    'expert-placement-strategy': 'linear round_robin',
    'kv-cache-dtype':
      'auto bfloat16 float16 fp8 fp8_ds_mla fp8_e4m3 fp8_e5m2 fp8_inc fp8_per_token_head int4_per_token_head int8_per_token_head nvfp4 nvfp4_4over6 nvfp4_ds_mla turboquant_3bit_nc turboquant_4bit_nc turboquant_k3v4_nc turboquant_k8v4 ultraquant_4bit',
    'prefix-caching-hash-algo': 'sha256 sha256_cbor xxhash xxhash_cbor',
    'mamba-cache-dtype': 'auto bfloat16 float16 float32',
    'mamba-ssm-cache-dtype': 'auto bfloat16 float16 float32',
    'mamba-cache-mode': 'align none',
    'kv-offloading-backend': 'lmcache native',
    'offload-backend': 'auto prefetch uva',
    'mm-processor-cache-type': 'lru shm',
    'mm-hasher-algorithm': 'blake3 sha256 sha512',
    'mm-encoder-tp-mode': 'data weights',
    'mm-encoder-attn-dtype': 'fp8 None',
    'video-pruning-method': 'evs vidcom2',
    'mm-tensor-ipc': 'direct_rpc torch_shm',
    'mm-processor-device': 'auto cpu',
    'max-lora-rank': '1 8 16 32 64 128 256 320 512',
    'lora-dtype': 'auto bfloat16 float16',
    'log-level': 'CRITICAL ERROR WARNING INFO DEBUG NOTSET',
    'per-request-spec-decode-metrics': 'detailed none summary',
    'jit-monitor-mode': 'error warn',
    'scheduling-policy': 'fcfs priority',
    'moe-backend':
      'aiter aiter_mega_moe aiter_triton_mxfp4_bf16 auto b12x batched_triton cutlass deep_gemm deep_gemm_mega_moe emulation flashinfer_b12x flashinfer_cutedsl flashinfer_cutlass flashinfer_moe_ep_cutedsl flashinfer_moe_ep_mega_deep_gemm flashinfer_trtllm flydsl hpc humming marlin rdna3 triton triton_unfused',
    'linear-backend':
      'aiter auto b12x conch cutlass deep_gemm emulation exllama fbgemm flashinfer_b12x flashinfer_cudnn flashinfer_cutedsl flashinfer_cutlass flashinfer_trtllm humming machete marlin torch triton xpu xpu_woq',
    'sparse-indexer-topk-backend': 'aiter auto cooperative deep_select flashinfer per_row persistent torch',
    'spec-method':
      'bailing_hybrid_mtp bailing_hybrid_v3_mtp custom_class deepseek_mtp dflash dots3_note_mtp draft_model dspark eagle eagle3 ernie_mtp exaone4_5_mtp exaone_moe_mtp extract_hidden_states gemma4_mtp glm4_moe_lite_mtp glm4_moe_mtp glm5_next_mtp glm_ocr_mtp hy_v3_mtp hy_v4_mtp inkling_mtp kimi_k3_mtp longcat_flash_mtp medusa mimo_mtp mimo_v2_mtp minimax_m3_mtp mlp_speculator mtp nemotron_h_mtp ngram ngram_gpu pangu_ultra_moe_mtp qwen3_5_mtp qwen3_next_mtp qwen4_exp_mtp step3p5_mtp suffix None',
    'performance-mode': 'balanced interactivity throughput',
    'gdn-prefill-backend': 'flashinfer triton cutedsl aiter_flydsl',
    'kda-prefill-backend': 'auto triton flashkda flashinfer fused',
    'kda-decode-backend': 'auto native flashinfer triton',
  }).map(([name, values]): [string, string[]] => [name, words(values)]),
);

/** Short and alternative spellings, dashes included. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ['-asc', '--api-server-count'],
  ['-q', '--quantization'],
  ['-pp', '--pipeline-parallel-size'],
  ['-n', '--nnodes'],
  ['-r', '--node-rank'],
  ['-tp', '--tensor-parallel-size'],
  ['-dcp', '--decode-context-parallel-size'],
  ['-pcp', '--prefill-context-parallel-size'],
  ['-dp', '--data-parallel-size'],
  ['-dpn', '--data-parallel-rank'],
  ['-dpr', '--data-parallel-start-rank'],
  ['-dpl', '--data-parallel-size-local'],
  ['-dpa', '--data-parallel-address'],
  ['-dpp', '--data-parallel-rpc-port'],
  ['-dpb', '--data-parallel-backend'],
  ['-dph', '--data-parallel-hybrid-lb'],
  ['-dpe', '--data-parallel-external-lb'],
  ['-dpm', '--data-parallel-multi-port-external-lb'],
  ['-ep', '--enable-expert-parallel'],
  ['--device-memory-utilization', '--gpu-memory-utilization'],
  ['-sc', '--speculative-config'],
  ['-dc', '--diffusion-config'],
  ['-cc', '--compilation-config'],
  ['-ac', '--attention-config'],
]);
