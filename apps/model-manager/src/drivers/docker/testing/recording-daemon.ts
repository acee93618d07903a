import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSpec } from '../container-spec';

/** What was asked of the daemon: enough to hold a driver's requests against the API's reference. */
export interface Recorded {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
}

interface Container {
  id: string;
  name: string;
  spec: ContainerSpec;
  running: boolean;
  exitCode: number;
  startedAt: string;
  log: string[];
  /** Open answers to `logs` and `wait`. */
  waiting: (() => void)[];
}

/**
 * Speaks as much of the Docker Engine API as the driver does, on a unix socket, and writes down every request. It runs
 * nothing: what a real daemon does is tested by `npm run test:drivers`.
 */
export class RecordingDaemon {
  readonly requests: Recorded[] = [];
  readonly containers = new Map<string, Container>();
  /** Images that need not be fetched. */
  readonly images = new Set<string>();
  /** Refuses the next request to such a path. */
  refusal: { path: RegExp; status: number; message: string } | null = null;
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-docker-'));
  private readonly server: Server;
  private made = 0;

  constructor(private readonly apiVersion = '1.44') {
    this.server = createServer((request, answer) => void this.answer(request, answer));
  }

  get socketPath(): string {
    return join(this.folder, 'docker.sock');
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The one container. */
  get only(): Container {
    const [container, ...others] = this.containers.values();
    if (container === undefined || others.length > 0) throw new Error(`there are ${this.containers.size} containers`);
    return container;
  }

  created(): Recorded & { body: ContainerSpec } {
    const found = this.requests.find(({ path }) => path.endsWith('/containers/create'));
    if (found === undefined) throw new Error('no container was created');
    return found as Recorded & { body: ContainerSpec };
  }

  /** The container prints lines, all within the same second. */
  print(container: Container, ...lines: string[]): void {
    for (const line of lines) container.log.push(`2026-11-21T10:00:00Z ${line}\n`);
    this.wake(container);
  }

  /** As a daemon that is restarted. */
  breakConnections(): void {
    for (const container of this.containers.values()) container.waiting.length = 0;
    this.server.closeAllConnections();
  }

  /** The container ends by itself. */
  exit(container: Container, code: number): void {
    container.running = false;
    container.exitCode = code;
    this.wake(container);
  }

  private wake({ waiting }: Container): void {
    for (const go of waiting.splice(0)) go();
  }

  private async answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker');
    const method = request.method ?? '';
    const body = await bodyOf(request);
    this.requests.push({ method, path: url.pathname, query: Object.fromEntries(url.searchParams), body });
    const { refusal } = this;
    if (refusal?.path.test(url.pathname) === true) {
      this.refusal = null;
      send(answer, refusal.status, { message: refusal.message });
      return;
    }
    if (url.pathname === '/_ping') {
      answer.setHeader('Api-Version', this.apiVersion);
      answer.end('OK');
      return;
    }
    this.route(`${method} ${url.pathname.replace(/^\/v[\d.]+/, '')}`, url, body, answer);
  }

  private route(call: string, url: URL, body: unknown, answer: ServerResponse): void {
    const image = /^GET \/images\/(.+)\/json$/.exec(call)?.[1];
    if (image !== undefined) return this.images.has(image) ? send(answer, 200, {}) : missing(answer);
    if (call === 'POST /images/create') return this.pull(url, answer);
    if (call === 'POST /containers/create') return this.create(url, body as ContainerSpec, answer);
    if (call === 'GET /containers/json') return this.list(url, answer);
    const [, method, id = '', action] = /^(\w+) \/containers\/([^/]+)(?:\/(\w+))?$/.exec(call) ?? [];
    const container = this.containers.get(id) ?? [...this.containers.values()].find(({ name }) => name === id);
    if (container === undefined) return missing(answer);
    switch (`${method ?? ''} ${action ?? ''}`) {
      case 'POST start':
        container.running = true;
        return void answer.writeHead(204).end();
      case 'GET json':
        return send(answer, 200, inspection(container));
      case 'POST stop':
        this.exit(container, 0);
        return void answer.writeHead(204).end();
      case 'DELETE ':
        this.exit(container, 137);
        this.containers.delete(container.id);
        return void answer.writeHead(204).end();
      case 'POST wait':
        return this.wait(container, answer);
      case 'GET logs':
        answer.writeHead(200, { 'Content-Type': 'application/vnd.docker.raw-stream' });
        answer.flushHeaders();
        return this.follow(container, answer, 0);
      default:
        return missing(answer);
    }
  }

  private pull(url: URL, answer: ServerResponse): void {
    const image = url.searchParams.get('fromImage') ?? '';
    answer.write('{"status":"Pulling from library"}\r\n');
    this.images.add(image);
    answer.end('{"status":"Status: Downloaded newer image"}\r\n');
  }

  private create(url: URL, spec: ContainerSpec, answer: ServerResponse): void {
    const id = `${++this.made}`.padStart(64, 'c');
    const container: Container = {
      id,
      name: url.searchParams.get('name') ?? '',
      spec,
      running: false,
      exitCode: 0,
      startedAt: '2026-11-21T10:00:00.5Z',
      log: [],
      waiting: [],
    };
    this.containers.set(id, container);
    send(answer, 201, { Id: id, Warnings: [] });
  }

  private list(url: URL, answer: ServerResponse): void {
    const { label } = JSON.parse(url.searchParams.get('filters') ?? '{"label":[]}') as { label: string[] };
    const found = [...this.containers.values()].filter(({ spec }) =>
      label.every((one) => spec.Labels[one.slice(0, one.indexOf('='))] === one.slice(one.indexOf('=') + 1)),
    );
    send(
      answer,
      200,
      found.map(({ id: Id }) => ({ Id })),
    );
  }

  private wait(container: Container, answer: ServerResponse): void {
    if (!container.running) return send(answer, 200, { StatusCode: container.exitCode });
    container.waiting.push(() => this.wait(container, answer));
  }

  private follow(container: Container, answer: ServerResponse, from: number): void {
    for (const line of container.log.slice(from)) answer.write(framed(line));
    if (!container.running) return void answer.end();
    const next = container.log.length;
    container.waiting.push(() => this.follow(container, answer, next));
  }
}

function inspection({ id, spec, running, exitCode, startedAt }: Container): unknown {
  return {
    Id: id,
    Created: startedAt,
    Config: { Labels: spec.Labels },
    State: {
      Status: running ? 'running' : 'exited',
      Running: running,
      Pid: running ? 4242 : 0,
      ExitCode: exitCode,
      OOMKilled: false,
      StartedAt: startedAt,
      Error: '',
    },
  };
}

function framed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function missing(answer: ServerResponse): void {
  send(answer, 404, { message: 'No such object' });
}

function send(answer: ServerResponse, status: number, body: unknown): void {
  answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request as AsyncIterable<Buffer>) text += part.toString('utf8');
  return text === '' ? null : (JSON.parse(text) as unknown);
}
