import type { FastifyInstance } from 'fastify';

/** A refused body up to this size is read to its end. */
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;

/**
 * Lets clients read their 413: one that still sends when the connection closes gets a reset in its place (RFC 9112, 9.6),
 * and Fastify closes at once. The time is bounded by REQUEST_TIMEOUT_MS, as for every body.
 */
export function useDrainedRefusals(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const length = Number(request.headers['content-length'] ?? 0);
    if (reply.statusCode === 413 && length <= MAX_DRAINED_BYTES) {
      reply.removeHeader('connection');
      request.raw.resume();
    }
    done(null, payload);
  });
}
