/** Liveness by progress: an engine that has work and does none of it is hung, whatever its /health says. */

export interface WorkSample {
  /** Requests that the engine holds, running or waiting. */
  busy: number;
  /** Changes whenever the engine does a step; only ever compared. */
  done: string;
}

export interface ProgressWatch {
  sample: WorkSample;
  /** Monotonic milliseconds of the last progress, or of the last moment without work. */
  since: number;
}

export function watchProgress(before: ProgressWatch | null, sample: WorkSample, nowMs: number): ProgressWatch {
  const stuck = before !== null && before.sample.busy > 0 && sample.busy > 0 && before.sample.done === sample.done;
  return { sample, since: stuck ? before.since : nowMs };
}

/** Milliseconds without progress although there was work. */
export function stalledMs(watch: ProgressWatch, nowMs: number): number {
  return watch.sample.busy > 0 ? nowMs - watch.since : 0;
}
