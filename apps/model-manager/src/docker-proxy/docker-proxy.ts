import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DockerApi } from '../drivers/docker/docker-api';
import { LABELS } from '../drivers/docker/container-spec';
import { judge, type AllowedEngines, type Call } from './allowed-calls';

/** A container's description with the arguments of vLLM is some KiB. */
const MAX_BODY_BYTES = 256 * 1024;

export interface ProxyLog {
  (line: { msg: string } & Record<string, unknown>): void;
}

/**
 * Stands between model-manager and the socket of Docker, and lets through only what the docker driver does with containers
 * of its own: who takes model-manager over does not get the host with it.
 */
export class DockerProxy {
  readonly server: Server = createServer((request, answer) => void this.answer(request, answer));
  private readonly api: DockerApi;

  /** @param socketPath of the Docker Engine API. */
  constructor(
    private readonly socketPath: string,
    private readonly allowed: AllowedEngines,
    private readonly log: ProxyLog,
  ) {
    this.api = new DockerApi({ kind: 'unix', socketPath });
  }

  private async answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    // For the health check of the image; not a path of Docker.
    if (request.url === '/health/ready') {
      this.tellHealth(answer);
      return;
    }
    try {
      const url = new URL(request.url ?? '/', 'http://docker');
      const call: Call = {
        method: request.method ?? '',
        path: url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, ''),
        query: Object.fromEntries(url.searchParams),
        body: await bodyOf(request),
      };
      const reason = await this.refusal(call);
      if (reason === null) {
        this.forward(call, url, request, answer);
        return;
      }
      // Neither query nor body: a token may stand in them.
      this.log({ msg: 'refused a call to Docker', method: call.method, path: call.path, reason });
      send(answer, 403, `Refused by the proxy in front of Docker: ${reason}`);
    } catch (error) {
      send(answer, 502, error instanceof Error ? error.message : String(error));
    }
  }

  /** Null: it may go through. */
  private async refusal(call: Call): Promise<string | null> {
    const verdict = judge(call, this.allowed);
    switch (verdict.kind) {
      case 'allowed':
        return null;
      case 'refused':
        return verdict.reason;
      case 'ours': {
        const facts = await this.api.inspect(verdict.container);
        // One that is gone is Docker's to say so.
        const isOurs = facts === null || facts.Config.Labels?.[LABELS.owner] === this.allowed.owner;
        return isOurs ? null : 'a container of somebody else';
      }
    }
  }

  private forward({ method, body }: Call, url: URL, request: IncomingMessage, answer: ServerResponse): void {
    // Sent anew from what was judged, so that both sides read the same call.
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { Host: 'docker', 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const path = `${url.pathname}${url.search}`;
    const upstream = ask({ socketPath: this.socketPath, method, path, headers, agent: false }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders(); // a log may be silent for long
      response.pipe(answer);
    });
    upstream.once('error', (error) => (answer.headersSent ? answer.destroy() : send(answer, 502, error.message)));
    answer.once('close', () => upstream.destroy());
    upstream.end(text);
    request.resume();
  }

  private tellHealth(answer: ServerResponse): void {
    const ping = ask({ socketPath: this.socketPath, path: '/_ping', agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      answer.writeHead(response.statusCode ?? 502).end();
    });
    ping.once('timeout', () => ping.destroy(new Error('Docker does not answer')));
    ping.once('error', (error) => send(answer, 503, error.message));
    ping.end();
  }
}

function send(answer: ServerResponse, status: number, message: string): void {
  answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
}

/** @throws Error when it is too long, or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('the request is too long');
    parts.push(part);
  }
  return bytes === 0 ? undefined : (JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown);
}
