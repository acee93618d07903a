import type { AnswerStore } from './answer-store';

interface Kept {
  answer: Buffer;
  until: number;
}

/** A key and what a Map keeps of it, bytes. */
const ENTRY_BYTES = 200;

/** Answers in memory, up to so many bytes; those that were not used for the longest time make room. */
export class MemoryStore implements AnswerStore {
  private readonly kept = new Map<string, Kept>();
  private used = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly ttlMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get bytes(): number {
    return this.used;
  }

  get(key: string): Buffer | null {
    const found = this.kept.get(key);
    if (found === undefined) return null;
    this.drop(key);
    if (found.until <= this.now()) return null;
    this.put(key, found);
    return found.answer;
  }

  set(key: string, answer: Buffer): void {
    this.drop(key);
    if (answer.length + ENTRY_BYTES > this.maxBytes) return;
    this.put(key, { answer, until: this.now() + this.ttlMs });
    for (const oldest of this.kept.keys()) {
      if (this.used <= this.maxBytes) return;
      this.drop(oldest);
    }
  }

  /** Nobody else sees this memory. */
  lead(): boolean {
    return true;
  }

  isLed(): boolean {
    return false;
  }

  release(): void {
    return;
  }

  clear(): void {
    this.kept.clear();
    this.used = 0;
  }

  close(): void {
    this.clear();
  }

  private put(key: string, entry: Kept): void {
    this.kept.set(key, entry);
    this.used += entry.answer.length + ENTRY_BYTES;
  }

  private drop(key: string): void {
    const found = this.kept.get(key);
    if (found === undefined) return;
    this.kept.delete(key);
    this.used -= found.answer.length + ENTRY_BYTES;
  }
}
