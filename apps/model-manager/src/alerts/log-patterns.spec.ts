import { warningsIn } from './log-patterns';

describe('what a line of the log warns of', () => {
  it.each([
    '(EngineCore pid=511) ERROR 11-21 10:51:09 [core.py:1510] EngineCore failed to start.',
    'ERROR 11-21 10:51:09 [async_llm.py:906] AsyncLLM output_handler failed.',
    'ERROR:    Exception in ASGI application',
    '(APIServer pid=7) CRITICAL 11-21 10:51:09 [launcher.py:1] no more',
  ])('an error: %s', (line) => expect(warningsIn(line)).toEqual(['log_errors']));

  it('CUDA out of memory, in the words of PyTorch and of CUDA', () => {
    const oom = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 136.00 MiB.';
    expect(warningsIn(oom)).toEqual(['cuda_out_of_memory']);
    expect(warningsIn(`(Worker pid=9) ERROR 11-21 10:51:09 [core.py:1] ${oom}`)).toEqual([
      'log_errors',
      'cuda_out_of_memory',
    ]);
    expect(warningsIn('RuntimeError: CUDA error: out of memory')).toEqual(['cuda_out_of_memory']);
  });

  it('requests that timed out', () => {
    expect(warningsIn('TimeoutError: RPC call to execute_model timed out.')).toEqual(['request_timeouts']);
    expect(warningsIn('WARNING 11-21 10:51:09 [a.py:1] Request cmpl-7 timed out')).toEqual(['request_timeouts']);
  });

  it.each([
    'INFO 11-21 10:51:09 [api_server.py:1] Started server process',
    'INFO:     127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 500 Internal Server Error',
    "WARNING 11-21 10:51:09 [a.py:1] error_rate is unknown, 'timeout_keep_alive': 5",
    '',
  ])('nothing: %s', (line) => expect(warningsIn(line)).toEqual([]));
});
