import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Remembers, for a driver whose engines cannot be written on, which start of an engine had been ready once. */
export class ReadyMark {
  private readonly path: string;

  constructor(
    private readonly directory: string,
    engineId: string,
  ) {
    this.path = join(directory, `${engineId}.ready`);
  }

  /** Whether that start of the engine had been ready. */
  has(handle: string): boolean {
    try {
      return readFileSync(this.path, 'utf8') === handle;
    } catch {
      return false; // none was
    }
  }

  set(handle: string): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.path, handle, { mode: 0o600 });
  }

  clear(): void {
    rmSync(this.path, { force: true });
  }
}
