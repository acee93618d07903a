/** Changing the model: request/reply with the model-manager that leads, and what everybody hears of a switch. */
import type { FitAnswer } from './profiles';

export const SwitchSubjects = {
  /** `SwitchCommand` -> `SwitchAnswer`. */
  begin: 'models.v1.switches.begin',
  /** `SwitchListQuery` -> `SwitchPage`, newest first. */
  list: 'models.v1.switches.list',
  /** `SwitchRef` -> `Switch`. */
  get: 'models.v1.switches.get',
  /** `SwitchRef` -> `Switch`: cancels the one that runs; `conflict` for one that is over. */
  cancel: 'models.v1.switches.cancel',
} as const;

/**
 * What a switch is doing. `benchmarking` comes after the hand-over: the new model serves already. `rolling_back` brings the
 * last good profile back. The last four are its ends.
 */
export const SWITCH_STATES = [
  'validating',
  'draining',
  'stopping',
  'starting',
  'warming_up',
  'handing_over',
  'benchmarking',
  'rolling_back',
  'ready',
  'rolled_back',
  'failed',
  'cancelled',
] as const;
export type SwitchState = (typeof SWITCH_STATES)[number];

export type SwitchOutcome = 'ready' | 'rolled_back' | 'failed' | 'cancelled';

/** Why it did not become ready. */
export interface SwitchFailure {
  /** A cause of model-manager's table (`oom_at_load`, `model_not_found`, `port_in_use`, ...). */
  code: string;
  /** What happened. */
  message: string;
  /** What to do about it. */
  advice: string;
  /** The lines of the engine's log that show it. */
  logLines: string[];
}

/** How far the engine's boot is. */
export interface SwitchProgress {
  /** In words, from the engine's own log: `loading weights`. */
  phase: string;
  /** 0 to 100. */
  percent: number;
  /** Seconds until it is ready, by earlier boots; null when there was none. */
  readyInS: number | null;
}

/** A step that is over, or the present one so far. */
export interface SwitchPhase {
  name: SwitchState;
  ms: number;
}

/** Whether the old engines end before the new ones start, or run on until the new ones take over. */
export type SwitchMode = 'replace' | 'side_by_side';

export interface Switch {
  id: string;
  /** Names of profiles; null: there was none. */
  from: string | null;
  to: string;
  state: SwitchState;
  /** Null until it is decided. */
  mode: SwitchMode | null;
  /** Who asked for it: a user's id; null: Tandem itself (a fallback after a failure). */
  requestedBy: string | null;
  /** ISO 8601. */
  startedAt: string;
  endedAt: string | null;
  outcome: SwitchOutcome | null;
  failure: SwitchFailure | null;
  phases: SwitchPhase[];
  /** Of the boot that is under way; null when there is none. */
  progress: SwitchProgress | null;
  /** What was measured after the hand-over; null until then, and where nothing is measured. */
  benchmark: Record<string, unknown> | null;
}

export interface SwitchCommand {
  profile: string;
  /** A user's id. */
  requestedBy: string | null;
}

/** Begun; or refused, because another one runs (this is its id), or because the profile cannot fit on the host. */
export type SwitchAnswer =
  | { kind: 'accepted'; switchId: string }
  | { kind: 'busy'; switchId: string }
  | { kind: 'does_not_fit'; fit: FitAnswer };

export interface SwitchRef {
  id: string;
}

export interface SwitchListQuery {
  cursor: string | null;
  /** 1 to 200. */
  limit: number;
}

export interface SwitchPage {
  items: Switch[];
  nextCursor: string | null;
}

/** Before an engine is stopped: every chat-service says what it still runs there, so that nothing is cut. */
export const RunningSubjects = {
  /** `{}` -> one `RunningRequests` from each chat-service. Sent after an announcement, answered after it was taken in. */
  ask: 'chat.v1.running',
} as const;

export interface RunningRequests {
  instanceId: string;
  /** The last announcement (`ModelsState.revision`) that it has heard; 0: none. */
  revision: number;
  /** Sequences by engine id, those being prepared included; engines with none are left out. */
  running: Record<string, number>;
}
