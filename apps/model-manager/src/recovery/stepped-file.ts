import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { engineSettingsSchema, type EngineSettings } from '../profiles/profile';

const steppedSchema = z.object({
  /** Of the profile; with others the steps are of no meaning any more. */
  from: engineSettingsSchema,
  to: engineSettingsSchema,
  /** In the words of the profile, in the order in which they were made. */
  changes: z.array(z.string()),
});

export type Stepped = z.output<typeof steppedSchema>;

/**
 * Beside the record of a running engine: the settings to which it was stepped down. A model-manager that comes after a
 * crash of this one would take it for another engine else, and end it.
 */
export class SteppedFile {
  private readonly path: string;

  constructor(
    private readonly directory: string,
    engineId: string,
  ) {
    this.path = join(directory, `${engineId}.stepped`);
  }

  /** Null where there is none, or one of other settings than these. */
  read(from: EngineSettings): Stepped | null {
    try {
      const stepped = steppedSchema.parse(JSON.parse(readFileSync(this.path, 'utf8')));
      return JSON.stringify(stepped.from) === JSON.stringify(from) ? stepped : null;
    } catch {
      return null; // there is none, or it was cut short by a full disk
    }
  }

  write(stepped: Stepped): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, JSON.stringify(stepped), { mode: 0o600 });
    renameSync(fresh, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
