import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 250;
/** The driver takes a moment after the last process is gone; 10 s is long for it. */
export const FREED_WITHIN_MS = 10_000;
/** What a desktop may take meanwhile without being mistaken for an engine. */
const SLACK_MIB = 1_024;

/** What each card holds, in MiB by index; empty where no GPU can be seen. */
export type UsedMemory = ReadonlyMap<number, number>;

/**
 * Whether the memory that an engine held is back before it is started again: what outlives it (a worker that hangs in the
 * driver, an orphan) holds it, and the next start would fail with an error that names somebody else.
 */
export class MemoryReadBack {
  private before: UsedMemory | null = null;

  /** @param cards indices that it may use; null: all. */
  constructor(
    private readonly used: () => Promise<UsedMemory>,
    private readonly cards: () => readonly number[] | null,
    private readonly limitMs = FREED_WITHIN_MS,
  ) {}

  /**
   * Before each start: the first one shows what the cards hold without the engine; later ones wait some seconds until they
   * hold no more than that.
   * @returns what is still held, in words; null when all is back.
   */
  async missing(): Promise<string | null> {
    if (this.before === null) {
      this.before = await this.used();
      return null;
    }
    const deadline = performance.now() + this.limitMs;
    for (;;) {
      const held = this.held(await this.used());
      if (held === null || performance.now() >= deadline) return held;
      await pause(LOOK_EVERY_MS);
    }
  }

  private held(used: UsedMemory): string | null {
    const cards = this.cards();
    const parts = [...used].flatMap(([card, mib]) => {
      const more = mib - (this.before?.get(card) ?? mib);
      return more > SLACK_MIB && (cards === null || cards.includes(card))
        ? [`GPU ${card} holds ${Math.round(more)} MiB more than before`]
        : [];
    });
    return parts.length === 0 ? null : parts.join(', ');
  }
}
