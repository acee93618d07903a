import { isUtf8 } from 'node:buffer';
import { CodedError } from '#contracts/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isDeeperThan } from './json-depth';

/** Deeper than any JSON schema that people write; far from what recursion survives (some thousand). */
const MAX_DEPTH = 100;

/** Makes JSON in UTF-8, not compressed, the only body that the server reads. */
export function useStrictJsonBodies(server: FastifyInstance, maxBytes: number): void {
  const parse = server.getDefaultJsonParser('error', 'error'); // refuses __proto__ and constructor.prototype
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxBytes },
    (request, body: Buffer, done) => {
      // A client that says JSON and sends nothing, as many do on DELETE.
      if (body.length === 0) {
        done(null, undefined);
        return;
      }
      const problem = problemOf(request, body);
      if (problem !== null) {
        done(problem, undefined);
        return;
      }
      const text = body.toString('utf8');
      if (isDeeperThan(text, MAX_DEPTH)) {
        done(new CodedError('invalid_json', `The body nests deeper than ${MAX_DEPTH} levels.`), undefined);
        return;
      }
      void parse(request, text, done);
    },
  );
}

function problemOf(request: FastifyRequest, body: Buffer): CodedError | null {
  const { headers } = request.raw;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    return new CodedError('unsupported_media_type', "Send the body as it is, without 'Content-Encoding'.");
  if (timesSent(request.raw.rawHeaders, 'content-type') > 1)
    return new CodedError('unsupported_media_type', "Send one 'Content-Type' only.");
  const charset = /charset="?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    return new CodedError('unsupported_media_type', 'Send JSON in UTF-8.');
  if (!isUtf8(body)) return new CodedError('invalid_json', 'The body is not valid UTF-8.');
  return null;
}

/** Node keeps the first of two headers and drops the other: what a proxy before us read may be the other. */
function timesSent(rawHeaders: readonly string[], name: string): number {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at];
    if (header?.length === name.length && header.toLowerCase() === name) times++;
  }
  return times;
}
