import type { IncomingMessage } from 'node:http';
import { invalidFields, unreadableBody, unsupportedMediaType } from '../protocol/api-error';
import type { Body } from '../protocol/fields';
import { parsePythonJson, PythonJsonError } from '../protocol/python-json';

async function readAll(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The JSON object of a request. Throws the ApiError that vLLM answers to anything else. */
export async function readJsonBody(req: IncomingMessage): Promise<Body> {
  const bytes = await readAll(req);
  const mediaType = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw unsupportedMediaType();
  if (bytes.length === 0) {
    throw invalidFields([{ type: 'missing', loc: 'body', msg: 'Field required', input: null }]);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadableBody();
  }
  const body = parse(text);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  throw invalidFields([{ type: 'model_attributes_type', loc: 'body', msg, input: body }]);
}

function parse(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    if (!(error instanceof PythonJsonError)) throw error;
    const loc = `body.${error.position}`;
    const quote = error.message.includes("'") ? '"' : "'";
    const ctx = `{'error': ${quote}${error.message}${quote}}`;
    throw invalidFields([{ type: 'json_invalid', loc, msg: 'JSON decode error', input: {}, ctx }]);
  }
}
