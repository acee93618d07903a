import type { LookupFunction } from 'node:net';
import { EngineConnection, type EngineAddress, type ResponseHandler } from './engine-connection';

/** uvicorn, vLLM's server, closes a connection that was idle for 5 s; a request that crosses with that would fail. */
const IDLE_LIMIT_MS = 4_000;

/** A request on its way; `abort` ends it without another word to the handler. */
export interface EngineCall {
  abort(): void;
}

/** The connections to one engine: keep-alive, the one used last is used first, never two requests on one at once. */
export class EnginePool {
  private readonly idle: EngineConnection[] = [];
  private readonly open = new Set<EngineConnection>();
  private readonly address: EngineAddress;
  readonly authority: string;

  /**
   * @param url base URL of the engine, http or https.
   * @param apiKey for a server that wants one; the engines that Tandem starts listen to nobody else and have none.
   * @param lookup where the name of the host may lead; absent: wherever it does.
   */
  constructor(
    url: string,
    readonly apiKey: string | null = null,
    lookup?: LookupFunction,
  ) {
    const parsed = new URL(url);
    const tls = parsed.protocol === 'https:';
    if (!tls && parsed.protocol !== 'http:')
      throw new RangeError(`an engine is reached by http(s), not ${parsed.protocol}`);
    const host = parsed.hostname.replace(/^\[|\]$/g, '');
    this.address = { host, port: Number(parsed.port === '' ? (tls ? 443 : 80) : parsed.port), tls, lookup };
    this.authority = parsed.host;
  }

  get connections(): number {
    return this.open.size;
  }

  /**
   * Sends a request. If a kept connection turns out to be closed before any byte of an answer came, the request goes
   * out once more on a fresh one (RFC 9110, 9.2.2: the engine closed it before it read the request).
   */
  send(request: Buffer, handler: ResponseHandler): EngineCall {
    let connection = this.take();
    let over = false;
    const sendOn = (target: EngineConnection): void => {
      const kept = target.served > 0;
      target.send(request, {
        onHead: (head) => handler.onHead(head),
        onBody: (bytes, start, end) => handler.onBody(bytes, start, end),
        onComplete: () => {
          over = true;
          handler.onComplete();
        },
        onFailure: (error) => {
          if (kept && error.beforeAnswer) sendOn((connection = this.connect()));
          else {
            over = true;
            handler.onFailure(error);
          }
        },
      });
    };
    sendOn(connection);
    return {
      abort: () => {
        if (over) return; // the connection may serve somebody else by now
        over = true;
        connection.abort();
      },
    };
  }

  /** Closes idle connections; those in use end with their requests. */
  close(): void {
    for (const connection of this.idle.splice(0)) connection.abort();
  }

  private take(): EngineConnection {
    const oldestAllowed = performance.now() - IDLE_LIMIT_MS;
    for (;;) {
      const connection = this.idle.pop();
      if (connection === undefined) return this.connect();
      if (connection.usable && connection.idleSince >= oldestAllowed) return connection;
      connection.abort();
    }
  }

  private connect(): EngineConnection {
    const connection = new EngineConnection(
      this.address,
      (idle) => {
        idle.idleSince = performance.now();
        this.idle.push(idle);
      },
      (closed) => {
        this.open.delete(closed);
        const at = this.idle.indexOf(closed);
        if (at !== -1) this.idle.splice(at, 1);
      },
    );
    this.open.add(connection);
    return connection;
  }
}
