import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'nestjs-pino';
import { countRefusal } from './refusals';
import { RouteMethods } from './route-methods';
import { toCodedError } from './to-coded-error';

/** Global: the one place that turns what was thrown into an answer. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly routeMethods: RouteMethods,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = request.is404 ? this.noRoute(request, reply) : this.errorOf(thrown, request.id);
    // Who has taken over the socket has begun an answer, and ends it itself.
    if (reply.sent || reply.raw.headersSent) {
      this.logger.error({
        err: thrown,
        request_id: request.id,
        msg: 'a request failed after its answer had begun; its client sees it cut',
      });
      return;
    }
    countRefusal(error.code);
    sendError(reply, error);
  }

  /** No route took the request: an unknown path, or a known one with another method. */
  private noRoute(request: FastifyRequest, reply: FastifyReply): CodedError {
    const [path = '/'] = request.url.split('?', 1);
    const allowed = this.routeMethods.allowed(path);
    // A route of the method itself that found no file says so by the same way.
    if (allowed.length === 0 || allowed.includes(request.method))
      return new CodedError('not_found', `There is nothing at ${request.method} ${shown(path)}.`);
    void reply.header('allow', allowed.join(', '));
    return new CodedError('method_not_allowed', `${request.method} is not allowed at ${shown(path)}.`);
  }

  private errorOf(thrown: unknown, requestId: string): CodedError {
    const foreseen = toCodedError(thrown);
    if (foreseen !== null) return foreseen;
    this.logger.error({
      err: thrown,
      request_id: requestId,
      msg: 'a request failed for a reason that nobody foresaw; its client was told internal_error and this id',
    });
    return new CodedError(
      'internal_error',
      `Something failed inside Tandem. Its log has the reason under request id ${requestId}.`,
    );
  }
}

/** Status, headers and body of an error. */
export function sendError(reply: FastifyReply, error: CodedError): void {
  if (error.retryAfterS !== undefined) void reply.header('retry-after', Math.ceil(error.retryAfterS));
  // RFC 9110, 11.6.1: a 401 names the scheme.
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="tandem"');
  void reply.status(error.status).header('content-type', 'application/json; charset=utf-8');
  void reply.send({ error: error.toBody(), ...error.beside });
}

/** A path as a message may show it. */
function shown(path: string): string {
  return path.length <= 100 ? path : `${path.slice(0, 100)}...`;
}
