import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const identitySchema = z.object({ pid: z.int().min(1), startTime: z.string() });

/** How a service is; `crashing` means that it died again and again and is tried ever more slowly. */
export const healthSchema = z.enum(['held', 'starting', 'ready', 'unready', 'restarting', 'crashing']);
export type Health = z.output<typeof healthSchema>;

const serviceSchema = z.object({
  name: z.string(),
  process: identitySchema.extend({ startedAt: z.number() }).nullable(),
  port: z.int(),
  health: healthSchema,
  /** What it says that it waits for, while it is not ready. */
  waitingFor: z.array(z.string()),
  restarts: z.int(),
  /** Deaths in a row, each before it had been ready for a while. */
  failures: z.int(),
  /** How it last ended; null when it never did. */
  lastExit: z.string().nullable(),
  logFile: z.string(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
  stopTimeoutMs: z.number(),
});
export type ServiceState = z.output<typeof serviceSchema>;

export const optionsSchema = z.object({
  port: z.int(),
  engine: z.enum(['simulator', 'process', 'docker', 'kubernetes', 'external']),
  engineUrl: z.string().nullable(),
});
/** What the running system was started with. */
export type RunningOptions = z.output<typeof optionsSchema>;

const stateSchema = z.object({
  options: optionsSchema,
  supervisor: identitySchema.nullable(),
  /** In the order of their start; they stop in the reverse one. */
  services: z.array(serviceSchema),
  /** Servers that somebody else runs. */
  external: z.array(z.object({ name: z.string(), host: z.string(), port: z.int() })),
});
/** What runs, as the supervisor last wrote it; pids stand with their start times, so that a reused pid fools nobody. */
export type SystemState = z.output<typeof stateSchema>;

/** Null when nothing runs, or when the file cannot be understood. */
export function readState(file: string): SystemState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null; // no file: nothing was started
  }
}

/** Whole or not at all: a half-written state would lose running processes. */
export function writeState(file: string, state: SystemState): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
}

export function removeState(file: string): void {
  rmSync(file, { force: true });
}
