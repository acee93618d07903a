/** Waits at shutdown until what runs has ended by itself, or a limit is over. */
export class Drain {
  private onEmpty: (() => void) | null = null;

  /** @param running how many there are now. */
  constructor(private readonly running: () => number) {}

  /** To be called after each end. */
  ended(): void {
    if (this.running() === 0) this.onEmpty?.();
  }

  /** Resolves when nothing runs any more, at the latest after `limitMs` milliseconds. */
  async wait(limitMs: number): Promise<void> {
    if (this.running() === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
