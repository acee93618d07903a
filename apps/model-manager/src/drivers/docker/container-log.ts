import { setTimeout as wait } from 'node:timers/promises';
import type { LogFollower } from '../engine-driver';
import { LogPosition } from '../log-position';
import type { DockerApi } from './docker-api';
import { LogFrames } from './log-frames';

const RECONNECT_AFTER_MS = 500;

/** Follows the log of a container line by line, through restarts of the daemon, until the container ends. */
export class ContainerLog implements LogFollower {
  private readonly closing = new AbortController();
  /** Resolves when the container has ended and its log was read to the end, or when it was closed. */
  readonly ended: Promise<void>;
  private readonly position: LogPosition;

  constructor(
    private readonly api: DockerApi,
    private readonly id: string,
    /** Epoch milliseconds; 0: from its first line. */
    private readonly from: number,
    onLine: (line: string) => void,
  ) {
    this.position = new LogPosition(onLine);
    this.ended = this.follow();
  }

  /** Nothing is left to read where an exit is told after `ended`. */
  read(): void {
    return;
  }

  close(): void {
    this.closing.abort();
  }

  private async follow(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await this.readOnce(signal).catch(() => undefined); // the daemon went away: it is asked again
      if (!(await this.mayGoOn())) return;
      await wait(RECONNECT_AFTER_MS, undefined, { signal }).catch(() => undefined); // closed meanwhile
    }
  }

  private async readOnce(signal: AbortSignal): Promise<void> {
    this.position.reconnected();
    const stream = await this.api.logs(this.id, this.since(), signal);
    const frames = new LogFrames((line) => this.position.take(line));
    for await (const bytes of stream as AsyncIterable<Buffer>) frames.push(bytes);
    frames.end();
  }

  /** Whether the container lives, or nobody can say. */
  private async mayGoOn(): Promise<boolean> {
    const facts = await this.api.inspect(this.id).catch(() => undefined);
    return facts === undefined || facts?.State.Running === true;
  }

  private since(): string {
    const { seconds, nanos } = this.position.last ?? {
      seconds: Math.floor(this.from / 1_000),
      nanos: (this.from % 1_000) * 1_000_000,
    };
    return `${seconds}.${String(nanos).padStart(9, '0')}`;
  }
}
