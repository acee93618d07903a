import type { IncomingHttpHeaders } from 'node:http';

/** What a request brought to say who sends it. */
export type Credentials =
  | { kind: 'none' }
  | { kind: 'key'; key: string }
  | { kind: 'jwt'; token: string }
  /** `Authorization` and `X-API-Key` name different callers. */
  | { kind: 'conflict' }
  /** An `Authorization` header of another scheme. */
  | { kind: 'unknownScheme' };

/** Three base64url segments of which the first begins as `{"` does; the signature of `alg: none` is empty. */
const JWT = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/;
/** RFC 9110, 11.1: the scheme is case-insensitive. */
const BEARER = /^bearer +(\S+) *$/i;
const EMPTY_BEARER = /^bearer *$/i;

/** Reads `Authorization: Bearer` (an API key or a JWT) and `X-API-Key`. */
export function readCredentials(headers: IncomingHttpHeaders): Credentials {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  const headerKey = typeof apiKey === 'string' && apiKey !== '' ? apiKey : null;
  if (authorization === undefined || authorization === '' || EMPTY_BEARER.test(authorization))
    return headerKey === null ? { kind: 'none' } : { kind: 'key', key: headerKey };
  const bearer = BEARER.exec(authorization)?.[1];
  if (bearer === undefined) return { kind: 'unknownScheme' };
  if (headerKey !== null && headerKey !== bearer) return { kind: 'conflict' };
  return JWT.test(bearer) ? { kind: 'jwt', token: bearer } : { kind: 'key', key: bearer };
}

/** A key as an error message may show it: enough to find it again, never enough to use it. */
export function maskKey(key: string): string {
  const printable = key.replace(/[^\x21-\x7e]/g, '?');
  return printable.length < 16 ? '***' : `${printable.slice(0, 3)}...${printable.slice(-4)}`;
}
