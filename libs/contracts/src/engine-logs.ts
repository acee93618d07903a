/** The log of an engine: its end at once, and then what is added, while somebody listens. */

export const EngineLogSubjects = {
  /** `EngineLogQuery` -> `EngineLogTail`. To be repeated within `FOLLOW_FOR_MS` by who goes on listening. */
  read: 'models.v1.engine-log.read',
  /** `EngineLogLines` of one engine. Core NATS, only while somebody follows. */
  lines: (engineId: string): string => `models.v1.engine-log.lines.${engineId}`,
} as const;

export interface EngineLogQuery {
  engineId: string;
  /** Lines of the end of the log, at most 2,000. */
  lines: number;
  follow: boolean;
}

export interface EngineLogTail {
  lines: string[];
  /** Number of the line after these: those that are published have the numbers that follow. */
  next: number;
}

export interface EngineLogLines {
  /** Number of the first of these. */
  from: number;
  lines: string[];
}

/** Who follows says so again and again; else the lines are published no more after this time. */
export const FOLLOW_FOR_MS = 30_000;
