import { randomUUID } from 'node:crypto';

/** A request's id, in the form of OpenAI's: `req_` and 32 hexadecimal digits. Never taken from the client. */
export function requestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}
