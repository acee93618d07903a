import type { FailureCause } from '../engines/failures';

/**
 * What every way to run an engine has in common: a process here, a container, a pod. A driver only does what it is told:
 * it starts, finds, follows and ends; whether an engine is well is asked of the engine itself, by HTTP.
 */
export interface EngineDriver {
  /**
   * The engine that a model-manager before us left, when it lives and is just what `start` would start. Anything else that
   * is left of it is ended first: it would hold the memory.
   */
  find(): Promise<RunningEngine | null>;
  /**
   * Starts it, unless just that runs already; resolves when it has an address, long before it answers there.
   * @param signal gives up what takes long, such as the download of an image.
   * @throws LaunchError
   */
  start(signal?: AbortSignal): Promise<RunningEngine>;
}

/** One start of an engine, ours or found. */
export interface RunningEngine {
  /** Names this start among all others: a pid, a container's id, a pod's uid. */
  readonly handle: string;
  /** Base URL, without a path. */
  readonly url: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** It had been ready before it was found. */
  readonly wasReady: boolean;
  /** As the log names it: a command line, an image. Without secrets. */
  readonly description: string;
  /** Of the process on this host, where there is one. */
  readonly pid: number | null;
  readonly port: number | null;
  /**
   * Whether somebody else listens at its address: his answers would be taken for the engine's. Only where it can come to
   * that: a daemon that publishes a port refuses one that is taken.
   */
  isAddressTaken?(): boolean;
  /** Tells once when it is gone. What it started may live on until `stop`. */
  onExit(listener: ExitListener): void;
  /** Remembers it for who finds the engine later. */
  markReady(at: number): void;
  /** Ends all of it, politely for `politeMs`; resolves when nothing of it is alive. */
  stop(politeMs: number): Promise<void>;
  /** Its output line by line, from its start or from now on. @throws when there is none. */
  tail(onLine: (line: string) => void, from: 'start' | 'end'): LogFollower;
}

export interface LogFollower {
  /** Gives out what has been written up to now: after an exit the last words matter most. */
  read(): void;
  close(): void;
}

/** Exit code and signal, where they are known. */
export type ExitListener = (code: number | null, signal: string | null) => void;

/** Thrown when an engine cannot be started at all. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';

  constructor(
    readonly failure: FailureCause,
    message: string,
  ) {
    super(message);
  }
}
