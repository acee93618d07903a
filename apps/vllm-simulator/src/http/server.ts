import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError, internalError, scaleOutDisabled } from '../protocol/api-error';
import type { Body } from '../protocol/fields';
import { metricsText } from '../engine/metrics-text';
import { chatRoute } from './chat-route';
import { completionRoute } from './completion-route';
import { Exchange } from './exchange';
import { countTokensRoute, messagesRoute } from './messages-route';
import { modelList } from './models-route';
import { readJsonBody } from './read-body';
import { responsesRoute, unknownResponseRoute } from './responses-route';
import { VLLM_VERSION, type ServerState } from './server-state';
import { detokenizeRoute, tokenizeRoute } from './tokenize-route';

type Handler = (state: ServerState, exchange: Exchange) => void | Promise<void>;

const withBody =
  (handle: (state: ServerState, exchange: Exchange, body: Body) => void): Handler =>
  async (state, exchange) => {
    const body = await readJsonBody(exchange.req);
    handle(state, exchange, body);
  };

const refuseScaleOut: Handler = () => {
  throw scaleOutDisabled();
};

/** Routes that exist and are disabled without --enable-scale-out. */
const SCALE_OUT = [
  '/v1/chat/completions/render',
  '/v1/chat/completions/derender',
  '/v1/completions/render',
  '/v1/completions/derender',
  '/v1/messages/render',
  '/v1/responses/render',
  '/inference/v1/generate',
  '/inference/v1/abort_requests',
];

/** Whatever generates; counted by /load. */
const generating =
  (handler: Handler): Handler =>
  async (state, exchange) => {
    if (state.options.serverLoadTracking) {
      state.load++;
      exchange.res.once('close', () => state.load--);
    }
    await handler(state, exchange);
  };

const ok: Handler = (_, exchange) => exchange.empty(200);

/** Method and path to handler; the order of methods is that of `allow`. */
const ROUTES: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map(
  Object.entries({
    '/health': { GET: (state, exchange) => exchange.empty(state.engine.dead ? 503 : 200) },
    '/ping': { GET: ok, POST: ok },
    '/version': { GET: (_, exchange) => exchange.json(200, { version: VLLM_VERSION }) },
    '/load': { GET: (state, exchange) => exchange.json(200, { server_load: state.load }) },
    '/kv_event_sources': { GET: (_, exchange) => exchange.json(200, {}) },
    '/metrics': {
      GET: (state, exchange) =>
        exchange.send(200, ['content-type', 'text/plain; version=1.0.0; charset=utf-8'], metricsText(state)),
    },
    '/v1/models': { GET: (state, exchange) => exchange.json(200, modelList(state)) },
    '/tokenize': { POST: withBody(tokenizeRoute) },
    '/detokenize': { POST: withBody(detokenizeRoute) },
    '/v1/chat/completions': { POST: generating(withBody(chatRoute)) },
    '/v1/completions': { POST: generating(withBody(completionRoute)) },
    '/v1/messages': { POST: generating(withBody(messagesRoute)) },
    '/v1/messages/count_tokens': { POST: generating(withBody(countTokensRoute)) },
    '/v1/responses': { POST: generating(withBody(responsesRoute)) },
    '/v1/responses/{response_id}': { GET: generating(unknownResponseRoute) },
    '/v1/responses/{response_id}/cancel': { POST: generating(unknownResponseRoute) },
    '/invocations': {
      POST: generating(
        withBody((state, exchange, body) =>
          'messages' in body ? chatRoute(state, exchange, body) : completionRoute(state, exchange, body),
        ),
      ),
    },
    ...Object.fromEntries(SCALE_OUT.map((path) => [path, { POST: refuseScaleOut }])),
    '/is_scaling_elastic_ep': { POST: (_, exchange) => exchange.json(200, { is_scaling_elastic_ep: false }) },
  } satisfies Record<string, Record<string, Handler>>),
);

/** The path as ROUTES has it: with {response_id} in place of one. */
const routeOf = (path: string): string =>
  ROUTES.has(path) ? path : path.replace(/^(\/v1\/responses\/)[^/]+(\/cancel)?$/, '$1{response_id}$2');

const sameSecret = (given: string, key: string): boolean => {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
};

/** --api-key guards /v1 only, and knows only `Authorization: Bearer`. */
function authorized(state: ServerState, path: string, req: IncomingMessage): boolean {
  const { apiKeys } = state.options;
  if (apiKeys.length === 0 || !path.startsWith('/v1')) return true;
  const [scheme = '', token = ''] = (req.headers.authorization ?? '').split(' ');
  return scheme.toLowerCase() === 'bearer' && apiKeys.some((key) => sameSecret(token, key));
}

function preflight(state: ServerState, exchange: Exchange): void {
  const { origin = '' } = exchange.req.headers;
  const allowed = state.options.allowedOrigins.includes('*') || state.options.allowedOrigins.includes(origin);
  const { res } = exchange;
  res.sendDate = false;
  res.removeHeader('connection');
  const body = allowed ? 'OK' : 'Disallowed CORS origin';
  const headers = [
    ['date', new Date().toUTCString()],
    ['server', 'uvicorn'],
    [
      'vary',
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
    ],
    ['access-control-allow-methods', 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY'],
    ['access-control-max-age', '600'],
    allowed ? ['access-control-allow-origin', origin] : [],
    ['content-length', String(body.length)],
    ['content-type', 'text/plain; charset=utf-8'],
  ].flat();
  res.writeHead(allowed ? 200 : 400, allowed ? 'OK' : 'Bad Request', headers);
  res.end(body);
}

async function route(state: ServerState, exchange: Exchange): Promise<void> {
  const { req } = exchange;
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  if (!authorized(state, path, req)) {
    exchange.unauthorized();
    return;
  }
  if (req.method === 'OPTIONS' && req.headers.origin !== undefined && req.headers['access-control-request-method']) {
    preflight(state, exchange);
    return;
  }
  const methods = ROUTES.get(routeOf(path));
  if (methods === undefined) {
    const bare = path.replace(/\/$/, '');
    if (path !== '/' && ROUTES.has(routeOf(bare))) {
      exchange.empty(307, ['location', `http://${req.headers.host ?? ''}${bare}`]);
      return;
    }
    exchange.json(404, { detail: 'Not Found' });
    return;
  }
  const handler = methods[req.method ?? ''];
  if (handler === undefined) {
    const [allow = ''] = Object.keys(methods);
    exchange.send(405, ['allow', allow, 'content-type', 'application/json'], '{"detail":"Method Not Allowed"}');
    return;
  }
  await handler(state, exchange);
}

function countRequest(state: ServerState, req: IncomingMessage, res: ServerResponse): void {
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  const handler = ROUTES.has(routeOf(path)) ? routeOf(path) : 'none';
  const key = `handler="${handler}",method="${req.method ?? ''}",status="${Math.floor(res.statusCode / 100)}xx"`;
  if (path !== '/metrics' && path !== '/health') state.httpRequests.set(key, (state.httpRequests.get(key) ?? 0) + 1);
}

/** vLLM lets a header be this long (--h11-max-incomplete-event-size). */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;

const INVALID_REQUEST = [
  'HTTP/1.1 400 Bad Request',
  `date: ${new Date().toUTCString()}`,
  'server: uvicorn',
  'content-type: text/plain; charset=utf-8',
  'content-length: 30',
  'connection: close',
  '',
  'Invalid HTTP request received.',
].join('\r\n');

/** vLLM answers 500 to what it did not foresee, and says why in its log. */
function answerError(exchange: Exchange, error: unknown, log: (line: string) => void): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) {
    res.destroy();
  } else if (error instanceof ApiError) {
    exchange.json(error.status, error.body);
  } else {
    log(`ERROR:    Exception in ASGI application\n${error instanceof Error ? (error.stack ?? '') : String(error)}`);
    const { status, body } = internalError();
    exchange.json(status, body);
  }
}

export function createApiServer(state: ServerState, log: (line: string) => void): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false }, (req, res) => {
    const exchange = new Exchange(req, res, state.options, log);
    res.once('finish', () => {
      countRequest(state, req, res);
    });
    route(state, exchange).catch((error: unknown) => {
      answerError(exchange, error, log);
    });
  });
  // uvicorn puts no bound on the time that a request takes to arrive.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 5000;
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end(INVALID_REQUEST);
    else socket.destroy();
  });
  server.on('connection', (socket: Socket) => socket.setNoDelay(true));
  return server;
}
