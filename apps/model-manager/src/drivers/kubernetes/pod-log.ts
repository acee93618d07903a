import { setTimeout as wait } from 'node:timers/promises';
import { StringDecoder } from 'node:string_decoder';
import type { LogFollower } from '../engine-driver';
import { LineSplitter } from '../line-splitter';
import { LogPosition } from '../log-position';
import type { KubernetesApi } from './kubernetes-api';
import type { PodState } from './pod-state';

const RECONNECT_AFTER_MS = 500;

/** The log of an engine's pod, with a line for each thing that Kubernetes does before it runs. */
export class PodLog implements LogFollower {
  private readonly closing = new AbortController();
  private readonly position: LogPosition;
  private told = '';
  private pod: string | null = null;
  private over = false;
  private ending: () => void = () => undefined;
  /** Resolves when the pod has ended and its log was read to the end, or when it was closed. */
  readonly ended = new Promise<void>((resolve) => (this.ending = resolve));

  constructor(
    private readonly api: KubernetesApi,
    private readonly onLine: (line: string) => void,
    private readonly from: Date | null,
  ) {
    this.position = new LogPosition(onLine);
  }

  /** What was seen of the pod: begins to follow the log as soon as there can be one. */
  tell(state: PodState): void {
    this.over = state.kind === 'ended';
    if (state.kind === 'running' || state.kind === 'ended') this.follow(state.pod);
    const words = wordsOf(state);
    if (words === null || words === this.told) return;
    this.told = words;
    this.onLine(`[kubernetes] ${words}`);
  }

  /** Nothing is left to read where an exit is told after `ended`. */
  read(): void {
    return;
  }

  close(): void {
    this.closing.abort();
    this.ending();
  }

  private follow(pod: string): void {
    if (this.pod === pod) return;
    this.pod = pod;
    void this.readAll(pod).finally(() => this.ending());
  }

  private async readAll(pod: string): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await this.readOnce(pod, signal).catch(() => undefined); // the API server or the kubelet went away: asked again
      if (this.over) return;
      await wait(RECONNECT_AFTER_MS, undefined, { signal, ref: false }).catch(() => undefined); // closed meanwhile
    }
  }

  private async readOnce(pod: string, signal: AbortSignal): Promise<void> {
    this.position.reconnected();
    const lines = new LineSplitter((line) => this.position.take(line));
    const decoder = new StringDecoder('utf8');
    const stream = await this.api.log(pod, this.since(), signal);
    for await (const bytes of stream as AsyncIterable<Buffer>) lines.take(decoder.write(bytes));
    lines.flush();
  }

  private since(): string | undefined {
    const { last } = this.position;
    const from = last === null ? this.from : new Date(last.seconds * 1_000);
    return from?.toISOString();
  }
}

function wordsOf(state: PodState): string | null {
  switch (state.kind) {
    case 'stuck':
      return `${state.reason}: ${state.message}`;
    case 'coming':
      return `the pod is coming (${state.reason})`;
    case 'ended':
      return `the container ended with exit code ${state.code} (${state.reason})`;
    case 'none':
    case 'running':
      return null;
  }
}
