import type { EngineAnnouncement, EngineCounters } from '#contracts/models';
import type { EngineCounts } from './engine-api';
import type { Failure } from './failures';

/** What GET /status says of an engine. */
export interface EngineStatus {
  id: string;
  state: EngineAnnouncement['state']['kind'];
  /** Of a loading engine. */
  phase: string | null;
  percent: number | null;
  /** Of a failed engine: what happened and what to do. */
  cause: string | null;
  message: string | null;
  model: string | null;
  /** What it has less than its profile says, after memory ran out; null: nothing. */
  steppedDown: string | null;
  url: string | null;
  port: number | null;
  pid: number | null;
  uptimeS: number | null;
}

/** Why an engine does not serve. `final`: it is not tried again. */
export interface EngineFailure {
  failure: Failure;
  final: boolean;
}

export interface StopOptions {
  /** Wait for what it runs, up to the drain limit. */
  drain: boolean;
  /** Give it time to end by itself. */
  politely: boolean;
}

/** An engine did not do what it was asked. */
export class EngineFailed extends Error {
  override readonly name = 'EngineFailed';

  constructor(readonly failure: Failure) {
    super(failure.detail);
  }
}

/** An engine in our care, whatever drives it. */
export interface Engine {
  readonly id: string;
  /** Begins the care; `onChange` is called whenever the announcement changed, `onCounters` every few seconds. */
  begin(onChange: () => void, onCounters: (counters: EngineCounters) => void): void;
  announcement(): EngineAnnouncement;
  status(): EngineStatus;
  /** Null while it serves or is on its way to it for the first time. */
  failure(): EngineFailure | null;
  /** Whether it holds no request; true for one that does not tell. */
  isIdle(): Promise<boolean>;
  /** A first request, so that the first of a user is not slow. @throws EngineFailed */
  warmUp(): Promise<void>;
  /** Ends the care; engines that were started here end with it. */
  end(options: StopOptions): Promise<void>;
}

/** The name of an engine's life: another one at each start of it. */
export function lifeOf(id: string, startedAt: string | null): string | undefined {
  return startedAt === null ? undefined : `${id}@${startedAt}`;
}

/** Null when the engine does not tell when its counters began: then they cannot be compared with anything. */
export function countersOf(
  id: string,
  { busy, counts }: { busy: number; counts: EngineCounts },
): EngineCounters | null {
  const engineLife = lifeOf(id, counts.startedAt);
  if (engineLife === undefined) return null;
  return {
    engineId: id,
    engineLife,
    promptTokens: counts.promptTokens,
    generationTokens: counts.generationTokens,
    busy,
  };
}
