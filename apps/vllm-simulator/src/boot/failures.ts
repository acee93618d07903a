import type { VllmLog } from './log';

/** The API server's traceback above the error; the frames between are left out. */
const MAIN_FRAMES = [
  'Traceback (most recent call last):',
  '  File "/usr/local/bin/vllm", line 10, in <module>',
  '    sys.exit(main())',
  '             ^^^^^^',
  '  File "/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/cli/main.py", line 120, in main',
  '    args.dispatch_function(args)',
  '  File "/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/cli/serve.py", line 156, in cmd',
  '    uvloop.run(run_server(args))',
].join('\n');

/** The command line contradicts itself: no engine is started. Exit 1. */
export function toolChoiceWithoutParser(log: VllmLog): void {
  log.stderr(`${MAIN_FRAMES}\nTypeError: Error: --enable-auto-tool-choice requires --tool-call-parser`);
}

export function portInUse(log: VllmLog): void {
  log.stderr(`${MAIN_FRAMES}\n    sock.bind(addr)\nOSError: [Errno 98] Address already in use`);
}

/** A folder that is not there is taken for a name on the hub, and is none (recorded from 0.32.0). */
export function badModelPath(log: VllmLog, model: string): void {
  const rule =
    "Repo id must use alphanumeric chars, '-', '_' or '.'. The name cannot start or end with '-' or '.' and the maximum length is 96";
  log.stderr(`${MAIN_FRAMES}\nhuggingface_hub.errors.HFValidationError: ${rule}: '${model}'.`);
}

/** The words of transformers and of the hub for a model that wants a licence to be accepted. */
export function gatedModel(log: VllmLog, model: string): void {
  const restricted = `Access to model ${model} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
  const lines = [
    'OSError: You are trying to access a gated repo.',
    `Make sure to have access to it at https://huggingface.co/${model}.`,
  ];
  log.stderr([MAIN_FRAMES, ...lines, '401 Client Error.', restricted].join('\n'));
}

/** A check of the model's or the engine's configuration. */
export function invalidConfig(log: VllmLog, message: string): void {
  log.stderr(
    [
      MAIN_FRAMES,
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for VllmConfig',
      `  Value error, ${message} [type=value_error, input_value=ArgsKwargs((), {'model_co... 'shutdown_timeout': 0}), input_type=ArgsKwargs]`,
      '    For further information visit https://errors.pydantic.dev/2.14/v/value_error',
    ].join('\n'),
  );
}

/** The engine process could not start; `error` is the last line of its traceback. */
export function engineFailed(log: VllmLog, error: string): void {
  log.error('EngineCore', 'core.py:1510', 'EngineCore failed to start.');
  log.error(
    'EngineCore',
    'core.py:1510',
    [
      'Traceback (most recent call last):',
      '  File "/usr/local/lib/python3.12/dist-packages/vllm/v1/engine/core.py", line 1482, in run_engine_core',
      '    engine_core = EngineCoreProc(*args, engine_index=dp_rank, **kwargs)',
      error,
    ].join('\n'),
  );
  log.stderr(
    `${MAIN_FRAMES}\nRuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}`,
  );
}

/** PyTorch's words for memory that runs out while the weights are loaded. */
export const CUDA_OOM =
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 136.00 MiB. GPU 0 has a total capacity of 23.56 GiB of which ' +
  '86.44 MiB is free. Including non-PyTorch memory, this process has 23.46 GiB memory in use. Of the allocated memory 23.05 GiB ' +
  'is allocated by PyTorch, and 91.20 MiB is reserved by PyTorch but unallocated.';

export const NCCL_ERROR = 'RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)';

/** What the log says when the engine dies while it serves. */
export function engineDied(log: VllmLog): void {
  const dead =
    'vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.';
  log.error('EngineCore', 'core.py:1512', 'EngineCore encountered a fatal error.');
  log.error(
    'EngineCore',
    'multiproc_executor.py:315',
    'Worker proc VllmWorker-0 died unexpectedly (exit code: -9), shutting down executor.',
  );
  log.warning(
    'APIServer',
    'core_client.py:817',
    '[shutdown] MPClient: engine core exited unexpectedly; starting cleanup',
  );
  log.error(
    'APIServer',
    'async_llm.py:906',
    `AsyncLLM output_handler failed.\nTraceback (most recent call last):\n${dead}`,
  );
}
