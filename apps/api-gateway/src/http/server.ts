import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCookie from '@fastify/cookie';
import { serviceLogger } from '#common/logging';
import { CodedError } from '#contracts/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from '../app.module';
import { registerWeb } from '../web/register-web';
import type { GatewayConfig } from '../config';
import { ApiDocument } from '../docs/api-document';
import { answerClientError, answerOddRequests } from './client-errors';
import { sendError } from './http-error.filter';
import { useStrictJsonBodies } from './json-body';
import { countRefusal } from './refusals';
import { useDrainedRefusals } from './refused-bodies';
import { requestId } from './request-id';
import { useResponseHeaders } from './response-headers';
import { RouteMethods } from './route-methods';
import { toCodedError } from './to-coded-error';

/** Node's own bound, said aloud; 431 above it. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Longer than the 60 s of nginx and of cloud load balancers, so that the proxy is the one who closes. */
const KEEP_ALIVE_MS = 75_000;
/** How long a client may take to read the last bytes of its answer when the gateway stops. */
const LAST_BYTES_MS = 5_000;

/** The gateway's application, ready to listen. `preview` builds the routes only: nothing is connected or started. */
export async function createGateway(
  config: GatewayConfig,
  { preview = false }: { preview?: boolean } = {},
): Promise<NestFastifyApplication> {
  const adapter = fastifyAdapter(config);
  const server = adapter.getInstance();
  server.decorateRequest('actor', null);
  server.decorateRequest('access', null);
  const routeMethods = new RouteMethods();
  routeMethods.watch(server);
  useResponseHeaders(server);
  endConnectionsAtShutdown(server);
  answerOddRequests(server.server);
  useStrictJsonBodies(server, config.MAX_BODY_BYTES);
  useDrainedRefusals(server);
  // Cookies are read on /api/auth only: no hook that parses them for every request.
  await server.register(fastifyCookie, { hook: false });
  await registerWeb(server, config.WEB_DIR);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, routeMethods), adapter, {
    bodyParser: false,
    preview,
    logger: preview ? false : serviceLogger('api-gateway', config.LOG_LEVEL),
  });
  if (!preview) app.get(ApiDocument, { strict: false }).describes(app);
  if (config.CORS_ORIGINS.length > 0) app.enableCors(corsOptions(config.CORS_ORIGINS));
  return app;
}

/**
 * Node waits for every connection when a server closes. By then all streams have been drained; a client that does not
 * read its last bytes must not hold the process.
 */
function endConnectionsAtShutdown(server: FastifyInstance): void {
  server.addHook('preClose', (done) => {
    setTimeout(() => server.server.closeAllConnections(), LAST_BYTES_MS).unref();
    done();
  });
}

function fastifyAdapter(config: GatewayConfig): FastifyAdapter {
  return new FastifyAdapter({
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: config.MAX_BODY_BYTES,
    ...(config.TRUSTED_PROXIES.length > 0 ? { trustProxy: config.TRUSTED_PROXIES } : {}),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Both end with the last byte of the request: they never cut an answer.
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(config.HEADERS_TIMEOUT_MS, config.REQUEST_TIMEOUT_MS),
      requestTimeout: config.REQUEST_TIMEOUT_MS,
      requireHostHeader: false, // ours answers with a body: response-headers.ts
      // Node looks for slow clients this often; its default of 30 s would make every bound a half minute longer.
      connectionsCheckingInterval: Math.min(2_000, config.HEADERS_TIMEOUT_MS),
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      // The router refuses the path before any hook runs.
      void reply.header('x-request-id', request.id);
      const coded = toCodedError(error) ?? new CodedError('not_found', 'There is nothing at this path.');
      countRefusal(coded.code);
      sendError(reply, coded);
    },
  });
}

function corsOptions(origins: readonly string[]): Parameters<NestFastifyApplication['enableCors']>[0] {
  return {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'x-request-id',
      'x-ratelimit-limit-requests',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-reset-requests',
      'x-ratelimit-limit-tokens',
      'x-ratelimit-remaining-tokens',
      'x-ratelimit-reset-tokens',
      'x-should-retry',
      'retry-after',
      'x-tandem-ignored-fields',
    ],
    maxAge: 600,
  };
}
