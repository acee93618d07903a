import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What is known of a running engine; outlives a kill -9 of the process that started it. */
const engineRecordSchema = z.object({
  id: z.string(),
  pid: z.int().min(1),
  /** The pid of the leader is the group's id, since the engine is started in a session of its own. */
  pgid: z.int().min(1),
  /** Tells the process from a later one with the same pid. */
  startTime: z.string(),
  port: z.int(),
  command: z.array(z.string()),
  profile: z.string(),
  startedAt: z.number(),
  /** Of everything that makes one engine differ from another, except the port. */
  fingerprint: z.string(),
  /** Epoch milliseconds; null until the engine answered for the first time. */
  readyAt: z.number().nullable(),
});

export type EngineRecord = z.output<typeof engineRecordSchema>;

export class EngineRecordFile {
  private readonly path: string;

  constructor(directory: string, id: string) {
    this.path = join(directory, `${id}.json`);
  }

  /** Null when there is none, or none that can be read: then nothing is adopted. */
  read(): EngineRecord | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch {
      return null; // no engine was started yet
    }
    try {
      return engineRecordSchema.parse(JSON.parse(text));
    } catch {
      return null; // cut short by a full disk, or of another version
    }
  }

  /** Whole or not at all: a half-written record would lose a running engine. */
  write(record: EngineRecord): void {
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
