import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServeOptions } from '../cli/serve-options';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  307: 'Temporary Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

let dateSecond = 0;
let dateText = '';
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/** Header order is uvicorn's: date and server, the response's own, then what the middlewares add. */
export class Exchange {
  /** The client's X-Request-Id, which becomes the completion's id, unchecked. */
  readonly requestId: string | null;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    private readonly options: ServeOptions,
    private readonly accessLog: (line: string) => void,
  ) {
    const header = req.headers['x-request-id'];
    this.requestId = typeof header === 'string' ? header : null;
  }

  json(status: number, body: unknown): void {
    this.send(status, ['content-type', 'application/json'], JSON.stringify(body));
  }

  empty(status: number, headers: readonly string[] = []): void {
    this.send(status, [], '', headers);
  }

  /** `before` stands before content-length, as starlette puts them. */
  send(status: number, headers: readonly string[], body: string, after: readonly string[] = []): void {
    const length = ['content-length', String(Buffer.byteLength(body))];
    const [name, value, ...rest] = headers;
    const ordered = name === 'allow' ? [name, value ?? '', ...length, ...rest] : [...length, ...headers];
    this.head(status, [...ordered, ...after]);
    this.res.end(body);
  }

  /** Status line and headers of a stream. */
  startEventStream(): void {
    this.head(200, ['content-type', 'text/event-stream; charset=utf-8'], ['transfer-encoding', 'chunked']);
    this.res.flushHeaders();
  }

  /** An answer of a middleware that stands before CORS has no `vary`. */
  unauthorized(): void {
    const body = '{"error":"Unauthorized"}';
    const headers = ['content-length', String(body.length), 'content-type', 'application/json'];
    this.write(401, [...headers, ...this.requestIdHeader()]);
    this.res.end(body);
  }

  private head(status: number, headers: readonly string[], last: readonly string[] = []): void {
    this.write(status, [...headers, ...this.corsHeaders(), ...this.requestIdHeader(), ...last]);
  }

  private write(status: number, headers: readonly string[]): void {
    const { req, res } = this;
    res.sendDate = false;
    // Without this Node adds "Connection: keep-alive", which uvicorn does not send.
    res.removeHeader('connection');
    const closing = res.shouldKeepAlive ? [] : ['connection', 'close'];
    const all = ['date', httpDate(), 'server', 'uvicorn', ...headers, ...closing];
    res.writeHead(status, REASONS[status] ?? '', all);
    const path = (req.url ?? '').split('?')[0] ?? '';
    if (this.options.accessLog && !this.options.quietPaths.has(path)) {
      const { remoteAddress, remotePort } = req.socket;
      const line = `${req.method ?? ''} ${req.url ?? ''} HTTP/${req.httpVersion}`;
      this.accessLog(
        `INFO:     ${remoteAddress ?? ''}:${remotePort ?? 0} - "${line}" ${status} ${REASONS[status] ?? ''}`,
      );
    }
  }

  private corsHeaders(): readonly string[] {
    const { origin } = this.req.headers;
    const allowed = this.options.allowedOrigins;
    if (origin === undefined || !(allowed.includes('*') || allowed.includes(origin))) return ['vary', 'Origin'];
    return ['access-control-allow-origin', allowed.includes('*') ? '*' : origin, 'vary', 'Origin'];
  }

  private requestIdHeader(): readonly string[] {
    if (!this.options.requestIdHeaders) return [];
    return ['x-request-id', this.requestId ?? randomUUID().replaceAll('-', '')];
  }
}
