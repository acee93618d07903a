import type { GenerateRequest } from '#contracts/generate';
import type { Endpoint } from '#contracts/usage';
import { authorization } from './http/authorization';
import type { EnginePool } from './http/engine-pool';

const OPEN = 0x7b;

/** The engine's paths that are ever called for a user; none is chosen by the user's own path. */
const PATHS: Readonly<Record<Endpoint, EnginePath>> = {
  '/v1/chat/completions': '/v1/chat/completions',
  '/v1/completions': '/v1/completions',
  '/api/chat': '/v1/chat/completions',
  '/api/v1/code/generate': '/v1/chat/completions',
  '/api/v1/hints': '/v1/chat/completions',
  'system/benchmark': '/v1/chat/completions',
};

export type EnginePath = '/v1/chat/completions' | '/v1/completions';

/**
 * The request as it goes on the wire. What chat-service decides (model, usage) is put in front of the gateway's JSON,
 * which is not parsed again. The gateway has taken those fields out, so no later duplicate can win.
 */
export function engineRequest(
  head: GenerateRequest,
  servedName: string,
  body: Uint8Array,
  { authority, apiKey }: Pick<EnginePool, 'authority' | 'apiKey'>,
  path: EnginePath = PATHS[head.endpoint],
): Buffer {
  const options = { include_usage: true, ...(head.continuousUsage ? { continuous_usage_stats: true } : {}) };
  const decided = JSON.stringify({
    model: servedName,
    ...(head.streaming ? { stream: true, stream_options: options } : {}),
  });
  const rest = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (rest[0] !== OPEN) throw new RangeError('the body of a generate message is no JSON object');
  const empty = rest.length === 2;
  const prefix = Buffer.from(empty ? decided : `${decided.slice(0, -1)},`);
  const tail = empty ? Buffer.alloc(0) : rest.subarray(1);
  const trace = head.traceparent === undefined ? '' : `traceparent: ${head.traceparent}\r\n`;
  const start =
    `POST ${path} HTTP/1.1\r\nHost: ${authority}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${prefix.length + tail.length}\r\nX-Request-Id: ${head.requestId}\r\n${authorization(apiKey)}${trace}\r\n`;
  return Buffer.concat([Buffer.from(start, 'latin1'), prefix, tail]);
}
