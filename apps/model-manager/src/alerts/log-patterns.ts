import type { AlertKind } from '#contracts/alerts';

/** What a line of an engine's log warns of. */
const LOG_WARNINGS = ['log_errors', 'cuda_out_of_memory', 'request_timeouts'] as const satisfies AlertKind[];
export type LogWarning = (typeof LOG_WARNINGS)[number];

export function isLogWarning(kind: AlertKind): kind is LogWarning {
  return LOG_WARNINGS.some((warning) => warning === kind);
}

/**
 * vLLM writes `ERROR 11-21 10:51:09 [core.py:1510] ...` behind the name of its process, uvicorn `ERROR:    ...`. A traceback
 * is logged line by line, each with the prefix: one failure may be tens of lines. Words like "error" in a message are no
 * error by themselves.
 */
const ERROR = /^(\([^)]{1,80}\) )?(ERROR|CRITICAL|FATAL)(:| \d\d-\d\d \d\d:\d\d:\d\d)/;
/** PyTorch's words, and CUDA's own for memory that others hold. */
const OUT_OF_MEMORY = /CUDA out of memory|CUDA error: out of memory|\bOutOfMemoryError\b/;
/** vLLM: `RPC call to execute_model timed out`, `Request ... timed out`, `TimeoutError: RPC call ...`. */
const TIMEOUT = /\b(request|rpc call)\b.{0,200}\btimed out\b|\bTimeoutError\b/i;
/** A line can be a whole configuration; what it warns of stands at its beginning. */
const LOOKED_AT = 2_000;

export function warningsIn(line: string): LogWarning[] {
  const text = line.slice(0, LOOKED_AT);
  const warnings: LogWarning[] = [];
  if (ERROR.test(text)) warnings.push('log_errors');
  if (OUT_OF_MEMORY.test(text)) warnings.push('cuda_out_of_memory');
  if (TIMEOUT.test(text)) warnings.push('request_timeouts');
  return warnings;
}
