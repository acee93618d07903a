import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { ContainerSpec } from './container-spec';
import type { DockerAddress } from './docker-address';

/**
 * The newest version of the Engine API that this was written by. A daemon may speak an older one (down to 1.40, the first
 * with device requests), or none so old any more: Docker 29 begins at 1.44.
 */
const NEWEST_KNOWN = '1.47';
const ANSWER_WITHIN_MS = 60_000;
/** What a daemon takes beyond the grace it was given to stop a container. */
const STOP_MARGIN_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Thrown when the daemon refuses (with its HTTP status) or cannot be asked (null). */
export class DockerError extends Error {
  override readonly name = 'DockerError';

  constructor(
    readonly status: number | null,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const inspectionSchema = z.object({
  Id: z.string(),
  Created: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Pid: z.number(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
    Error: z.string().catch(''),
  }),
});

export type ContainerFacts = z.output<typeof inspectionSchema>;

const progressSchema = z.object({
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

interface Ask {
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  withinMs?: number | null;
  signal?: AbortSignal | undefined;
}

/** The dozen calls of the Docker Engine API that running an engine takes, each as the API's reference has it. */
export class DockerApi {
  private version: Promise<string> | null = null;

  constructor(private readonly address: DockerAddress) {}

  /** @returns the id. @throws DockerError 404 without the image, 409 when the name is taken. */
  async create(name: string, spec: ContainerSpec): Promise<string> {
    const answer = await this.json('POST', '/containers/create', { query: { name }, body: spec });
    return z.object({ Id: z.string() }).parse(answer).Id;
  }

  async start(id: string): Promise<void> {
    await this.json('POST', `/containers/${id}/start`);
  }

  /** Null when there is no such container. */
  async inspect(idOrName: string): Promise<ContainerFacts | null> {
    const answer = await this.orNull(this.json('GET', `/containers/${encodeURIComponent(idOrName)}/json`));
    return answer === null ? null : inspectionSchema.parse(answer);
  }

  /** Ids of all containers with these labels, running or not. */
  async list(labels: Readonly<Record<string, string>>): Promise<string[]> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = { all: 'true', filters: JSON.stringify({ label }) };
    const answer = await this.json('GET', '/containers/json', { query });
    return z
      .array(z.object({ Id: z.string() }))
      .parse(answer)
      .map(({ Id }) => Id);
  }

  /** SIGTERM, and SIGKILL after the grace; nothing when it is gone or stopped already. */
  async stop(id: string, graceMs: number): Promise<void> {
    const graceS = Math.ceil(graceMs / 1_000);
    const withinMs = graceMs + STOP_MARGIN_MS;
    await this.orNull(this.json('POST', `/containers/${id}/stop`, { query: { t: String(graceS) }, withinMs }));
  }

  /** With its anonymous volumes, whether it runs or not. Nothing when it is gone. */
  async remove(id: string): Promise<void> {
    await this.orNull(this.json('DELETE', `/containers/${id}`, { query: { force: 'true', v: 'true' } }));
  }

  /** Resolves with the exit code when it does not run any more; null when it was removed. */
  async exited(id: string): Promise<number | null> {
    const query = { condition: 'not-running' };
    const answer = await this.orNull(this.json('POST', `/containers/${id}/wait`, { query, withinMs: null }));
    return answer === null ? null : z.object({ StatusCode: z.number() }).parse(answer).StatusCode;
  }

  /** The log from a moment on (epoch seconds, with a fraction), each line behind its time; ends when the container does. */
  logs(id: string, since: string, signal: AbortSignal): Promise<IncomingMessage> {
    const query = { follow: 'true', stdout: 'true', stderr: 'true', timestamps: 'true', since };
    return this.open('GET', `/containers/${id}/logs`, { query, withinMs: null, signal });
  }

  /** Whether the daemon has the image. */
  async hasImage(image: string): Promise<boolean> {
    // The name is part of the path as it is, with its slashes.
    return (await this.orNull(this.json('GET', `/images/${image}/json`))) !== null;
  }

  /** Fetches an image; resolves when it is there. @throws DockerError with the registry's reason. */
  async pull(image: string, signal: AbortSignal | undefined): Promise<void> {
    const query = { fromImage: image };
    const stream = await this.open('POST', '/images/create', { query, withinMs: null, signal });
    for await (const line of linesOf(stream)) {
      const { error, errorDetail } = progressSchema.parse(JSON.parse(line));
      const reason = errorDetail?.message ?? error;
      if (reason !== undefined) throw new DockerError(404, reason);
    }
  }

  private async json(method: string, path: string, ask: Ask = {}): Promise<unknown> {
    const text = await textOf(await this.open(method, path, ask));
    return text.trim() === '' ? {} : (JSON.parse(text) as unknown);
  }

  /** Null for 404; the others stay errors. */
  private async orNull<T>(asked: Promise<T>): Promise<T | null> {
    return asked.catch((error: unknown) => {
      if (error instanceof DockerError && error.status === 404) return null;
      throw error;
    });
  }

  /** @throws DockerError for every answer above 399; 304 ("already so") is success. */
  private async open(method: string, path: string, ask: Ask = {}): Promise<IncomingMessage> {
    const version = await this.negotiated();
    const query = ask.query === undefined ? '' : `?${new URLSearchParams(ask.query).toString()}`;
    const answer = await this.send(method, `/v${version}${path}${query}`, ask);
    const status = answer.statusCode ?? 0;
    if (status < 400) return answer;
    throw new DockerError(status, reasonIn(await textOf(answer)));
  }

  private negotiated(): Promise<string> {
    this.version ??= this.askVersion().catch((error: unknown) => {
      this.version = null; // the daemon may come later
      throw error;
    });
    return this.version;
  }

  private async askVersion(): Promise<string> {
    const answer = await this.send('GET', '/_ping', {});
    await textOf(answer);
    const theirs = String(answer.headers['api-version'] ?? NEWEST_KNOWN);
    return minorOf(theirs) < minorOf(NEWEST_KNOWN) ? theirs : NEWEST_KNOWN;
  }

  private send(
    method: string,
    path: string,
    { body, withinMs = ANSWER_WITHIN_MS, signal }: Ask,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? null : JSON.stringify(body);
    const headers: Record<string, string> = { Host: 'docker' };
    if (text !== null) {
      headers['Content-Type'] = 'application/json';
      headers['Content-Length'] = String(Buffer.byteLength(text));
    }
    const options: RequestOptions = {
      method,
      path,
      headers,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      const request = this.connect(options);
      if (withinMs !== null)
        request.setTimeout(withinMs, () => request.destroy(new Error(`no answer within ${withinMs / 1_000} s`)));
      request.once('response', resolve);
      request.once('error', (error) =>
        reject(new DockerError(null, `Docker at ${this.where} cannot be asked: ${error.message}`, { cause: error })),
      );
      request.end(text ?? undefined);
    });
  }

  private connect(options: RequestOptions): ReturnType<typeof httpRequest> {
    const { address } = this;
    if (address.kind === 'unix') return httpRequest({ ...options, socketPath: address.socketPath });
    const { host, port, tls } = address;
    return tls === null
      ? httpRequest({ ...options, host, port })
      : httpsRequest({ ...options, host, port, ...tls, minVersion: 'TLSv1.2' });
  }

  private get where(): string {
    const { address } = this;
    return address.kind === 'unix' ? address.socketPath : `${address.host}:${address.port}`;
  }
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

/** The daemon's reason; what is no JSON is told as it is, up to a bound. */
function reasonIn(text: string): string {
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 400);
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
      parts.push(part);
    }
  } catch (error) {
    throw new DockerError(null, `Docker broke off its answer: ${String(error)}`, { cause: error });
  }
  return Buffer.concat(parts).toString('utf8');
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  answer.setEncoding('utf8');
  for await (const part of answer as AsyncIterable<string>) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}
