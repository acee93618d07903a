import { authorization } from './authorization';
import type { EnginePool } from './engine-pool';

export interface JsonAnswer {
  status: number;
  body: unknown;
}

/**
 * Asks an engine something small and waits for its whole answer.
 * @param path one of ours, never a user's.
 * @throws Error when the engine cannot be reached, does not answer in time, or answers with more than `maxBytes`.
 */
export function postJson(
  pool: EnginePool,
  path: string,
  body: unknown,
  { limitMs, maxBytes }: { limitMs: number; maxBytes: number },
): Promise<JsonAnswer> {
  const bytes = Buffer.from(JSON.stringify(body));
  const head =
    `POST ${path} HTTP/1.1\r\nHost: ${pool.authority}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${bytes.length}\r\n${authorization(pool.apiKey)}\r\n`;
  return new Promise((resolve, reject) => {
    let status = 0;
    let size = 0;
    const parts: Buffer[] = [];
    const fail = (error: Error): void => {
      clearTimeout(timer);
      call.abort();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer to ${path} within ${limitMs} ms`)), limitMs);
    const call = pool.send(Buffer.concat([Buffer.from(head, 'latin1'), bytes]), {
      onHead: (response) => (status = response.status),
      onBody: (buffer, start, end) => {
        size += end - start;
        if (size > maxBytes) return fail(new Error(`an answer to ${path} of more than ${maxBytes} bytes`));
        parts.push(Buffer.from(buffer.subarray(start, end)));
      },
      onComplete: () => {
        clearTimeout(timer);
        try {
          resolve({ status, body: JSON.parse(Buffer.concat(parts).toString('utf8')) });
        } catch (cause) {
          reject(new Error(`an answer to ${path} that is no JSON`, { cause }));
        }
      },
      onFailure: fail,
    });
  });
}
