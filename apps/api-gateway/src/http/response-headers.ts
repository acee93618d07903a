import { CodedError } from '#contracts/errors';
import type { FastifyInstance } from 'fastify';

/** An API answers data: nothing in it may run, be framed or load anything. Pages set a policy of their own. */
export const API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Headers of every answer, errors included. */
export function useResponseHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': API_CONTENT_POLICY,
    });
    if (request.protocol === 'https') void reply.header('strict-transport-security', 'max-age=31536000');
    const { headers, httpVersion } = request.raw;
    // RFC 9112, 3.2. Node's own check answers without a body (`requireHostHeader`).
    if (headers.host === undefined && httpVersion === '1.1') {
      done(new CodedError('invalid_value', "The header 'Host' is missing."));
      return;
    }
    done();
  });
}
