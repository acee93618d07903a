import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { leash, shellWord } from '#testing/leash';

const BALLAST_BYTES = 1024 * 1024;

/** A disk of its own for one folder of a home, small enough to be filled. */
export class SmallDisk {
  private folder = '';
  private isMounted = false;

  constructor(private readonly mebibytes: number) {}

  /** False where the right to mount is missing: not root, or a container without it. */
  get mounted(): boolean {
    return this.isMounted;
  }

  /** Makes the folder and mounts a tmpfs there. @returns what unmounts it. */
  mount(home: string, name: string): () => void {
    this.folder = join(home, name);
    mkdirSync(this.folder);
    const options = `size=${this.mebibytes}m,mode=711`;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tandem-chaos', this.folder], { stdio: 'pipe' });
      this.isMounted = true;
    } catch {
      this.isMounted = false;
      return () => undefined;
    }
    const guard = leash(`sleep 2; umount -l ${shellWord(this.folder)}; rm -rf ${shellWord(home)}`);
    return () => {
      execFileSync('umount', [this.folder]);
      this.isMounted = false;
      void guard.release();
    };
  }

  /** Down to the last byte, also of the page that is half full. */
  fill(): void {
    for (let bytes = BALLAST_BYTES; bytes >= 1;) {
      try {
        appendFileSync(this.ballast, Buffer.alloc(bytes));
      } catch {
        bytes = Math.floor(bytes / 4); // ENOSPC for so much; less may still fit
      }
    }
  }

  makeRoom(): void {
    rmSync(this.ballast);
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}
