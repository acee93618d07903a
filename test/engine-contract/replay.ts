import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseResponse, type RawResponse } from './raw-http';

/** Requests and what a real vLLM 0.32.0 answered to them, byte for byte. */
const FOLDER = join(__dirname, '../../libs/testing/recordings');

export interface Recording {
  readonly name: string;
  readonly request: Buffer;
  readonly response: RawResponse;
}

export function recording(folder: 'http' | 'errors', name: string): Recording {
  const file = join(FOLDER, folder, name);
  const request = readFileSync(`${file}.req`);
  const method = request.toString('latin1', 0, 4) === 'HEAD' ? 'HEAD' : 'GET';
  const response = parseResponse(readFileSync(`${file}.raw`), method);
  if (response === null) throw new Error(`${file}.raw holds no response`);
  return { name, request, response };
}

export function recordings(folder: 'http' | 'errors', left: (name: string) => boolean = () => true): Recording[] {
  return readdirSync(join(FOLDER, folder))
    .filter((file) => file.endsWith('.req'))
    .map((file) => file.slice(0, -'.req'.length))
    .filter(left)
    .map((name) => recording(folder, name));
}

/** Recorded from servers with other flags; they have suites of their own. */
export const needsOtherServer = (name: string): boolean =>
  /^(api-key|no-chat-template|engine-dead|request-id-headers|tools-autoserver|sigterm|enginecore)/.test(name);
