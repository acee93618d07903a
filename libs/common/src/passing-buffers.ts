import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Buffers that may have become garbage before they are looked for, bytes. */
const AFTER_BYTES = 2 * 1024 * 1024;

type CollectGarbage = (options: { type: 'minor' }) => void;
let collect: CollectGarbage | null = null;

/**
 * Keeps the memory of a process small through which much data passes in buffers. V8 collects when its own heap is full, and
 * of a buffer that holds only the few bytes of an object: of an export of 244 MB some 100 MiB wait before it looks. A young
 * collection every two MiB takes a millisecond, and leaves them where they were.
 */
export class PassingBuffers {
  private bytes = 0;

  /** Notes that so much has passed. */
  passed(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes < AFTER_BYTES) return;
    this.bytes = 0;
    collect ??= exposedCollector();
    collect({ type: 'minor' });
  }
}

/** The function that `node --expose-gc` gives, without giving it to everybody. */
function exposedCollector(): CollectGarbage {
  setFlagsFromString('--expose-gc');
  const found = runInNewContext('gc') as CollectGarbage;
  setFlagsFromString('--no-expose-gc');
  return found;
}
