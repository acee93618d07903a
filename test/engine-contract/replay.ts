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

/** An answer whose request was not kept: what an open stream got when something happened to the engine. */
export function recordedResponse(folder: 'http' | 'errors', name: string, method = 'GET'): RawResponse {
  const response = parseResponse(readFileSync(join(FOLDER, folder, `${name}.raw`)), method);
  if (response === null) throw new Error(`${name}.raw holds no response`);
  return response;
}

export function recording(folder: 'http' | 'errors', name: string): Recording {
  const request = readFileSync(join(FOLDER, folder, `${name}.req`));
  const method = request.toString('latin1', 0, 4) === 'HEAD' ? 'HEAD' : 'GET';
  return { name, request, response: recordedResponse(folder, name, method) };
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
