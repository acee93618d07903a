import { betterCause, readLogLine } from './boot-log';
import type { FailureCause } from './failures';

/** Lines of a recorded boot of vLLM 0.32.0, and of public boot logs on RTX 3090s for what a CPU does not print. */
const BOOT = [
  '(APIServer pid=20856) INFO 11-21 02:58:34 [model.py:2152] Using max model len 2048',
  "(EngineCore pid=21008) INFO 11-21 02:58:47 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='tiny-chat'",
  '(Worker pid=21023) INFO 11-21 02:59:01 [cpu_model_runner.py:68] Starting to load model tiny-chat...',
  'Loading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]',
  'Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:02<00:02,  1.01s/it]',
  'Loading safetensors checkpoint shards: 100% Completed | 4/4 [00:04<00:00,  1.00s/it]',
  '(Worker pid=21023) INFO 11-21 02:59:02 [default_loader.py:501] Loading weights took 4.01 seconds',
  '(Worker pid=21023) INFO 11-21 02:59:02 [cpu_model_runner.py:87] Warming up model for the compilation...',
  '(EngineCore pid=21008) INFO 11-21 02:59:20 [kv_cache_utils.py:2327] GPU KV cache size: 57,152 tokens, Maximum concurrency for 8,192 tokens per request: 6.98x',
  'Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  51%|█████     | 34/67 [00:03<00:03, 10.2it/s]',
  '(Worker pid=21023) INFO 11-21 02:59:20 [gpu_model_runner.py:1] Graph capturing finished in 7 secs, took 0.71 GiB',
  '(EngineCore pid=21008) INFO 11-21 02:59:21 [core.py:402] init engine (profile, create kv cache, warmup model) took 18.16 s',
  '(APIServer pid=20856) INFO 11-21 02:59:21 [entry.py:140] Starting vLLM server on http://127.0.0.1:18160',
  '(APIServer pid=20856) INFO:     Application startup complete.',
];

const FAILURES: [FailureCause, string][] = [
  ['oom_at_load', '(Worker pid=1) ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 270.00 MiB.'],
  [
    'gpu_memory_taken',
    'ValueError: Free memory on device cuda:0 (9.1/23.56 GiB) on startup is less than desired GPU memory utilization (0.9, 21.2 GiB).',
  ],
  [
    'kv_cache_too_small',
    "ValueError: To serve at least one request with the model's max seq len (2200000), (1.05 GiB KV cache is needed, which is larger than the available KV cache memory (1.00 GiB).",
  ],
  ['nccl_error', 'RuntimeError: NCCL error: unhandled cuda error (run with NCCL_DEBUG=INFO for details)'],
  ['port_in_use', 'OSError: [Errno 98] Address already in use'],
  ['gpu_not_available', '[kubernetes] Unschedulable: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu.'],
  ['image_not_found', '[kubernetes] ImagePullBackOff: Back-off pulling image "vllm/vllm-openai"'],
  ['driver_refused', '[kubernetes] CreateContainerConfigError: secret "hugging-face" not found'],
  ['killed', '[kubernetes] the container ended with exit code 137 (OOMKilled)'],
  [
    'model_not_found',
    "huggingface_hub.errors.HFValidationError: Repo id must use alphanumeric chars, '-': './no-such-model'.",
  ],
  ['model_not_found', '  Value error, Invalid repository ID or local directory specified: tiny'],
  ['model_access_denied', 'OSError: You are trying to access a gated repo.'],
  [
    'model_download_failed',
    'huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder',
  ],
  ['unknown_flag', 'vllm: error: unrecognized arguments: --no-such-flag 1'],
  ['bad_flag_value', "vllm serve: error: argument --dtype: invalid choice: 'float99' (choose from 'auto')"],
  [
    'context_too_long',
    '  Value error, User-specified max_model_len (100000) is greater than the derived max_model_len (max_position_embeddings=2048.0)',
  ],
  [
    'tensor_parallel_mismatch',
    '  Value error, Total number of attention heads (2) must be divisible by tensor parallel size (3).',
  ],
  ['unsupported_model', "  Value error, Model architectures ['FooForCausalLM'] are not supported for now."],
  ['invalid_configuration', 'TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser'],
  ['engine_core_failed', '(EngineCore pid=1) ERROR 11-21 02:00:00 [core.py:1] EngineCore failed to start.'],
];

describe('the boot log of an engine', () => {
  it('tells how far the boot is, and only ever forward', () => {
    const percents = BOOT.map((line) => {
      const seen = readLogLine(line);
      expect(seen?.kind).toBe('phase');
      return seen?.kind === 'phase' ? seen.percent : NaN;
    });
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
  });

  it.each(FAILURES)('names %s', (cause, line) => {
    const seen = readLogLine(line);
    expect(seen).toMatchObject({ kind: 'failure', failure: { cause } });
  });

  it('quotes the words of the line without its prefix', () => {
    expect(readLogLine('(EngineCore pid=1) ERROR 11-21 02:00:00 [core.py:1] EngineCore failed to start.')).toEqual({
      kind: 'failure',
      failure: { cause: 'engine_core_failed', detail: 'EngineCore failed to start.' },
    });
  });

  it('says nothing to the other lines', () => {
    expect(readLogLine('INFO:     127.0.0.1:48782 - "POST /v1/chat/completions HTTP/1.1" 200 OK')).toBeNull();
  });

  it('keeps the first precise cause over what follows from it', () => {
    const oom = { cause: 'oom_at_load', detail: 'a' } as const;
    const vague = { cause: 'engine_core_failed', detail: 'b' } as const;
    const other = { cause: 'nccl_error', detail: 'c' } as const;
    expect(betterCause(oom, vague)).toBe(oom);
    expect(betterCause(vague, oom)).toBe(oom);
    expect(betterCause(oom, other)).toBe(oom);
  });
});
