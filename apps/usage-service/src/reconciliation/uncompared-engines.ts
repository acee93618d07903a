/** An engine that is never idle is never compared; after so long an operator should know, milliseconds. */
const TOO_LONG_MS = 60 * 60_000;

/** How long each engine has not been compared with the ledger. */
export class UncomparedEngines {
  private readonly engines = new Map<string, { since: number; told: boolean }>();

  /** @param at monotonic milliseconds. */
  compared(engine: string, at: number): void {
    this.engines.set(engine, { since: at, told: false });
  }

  /** An engine that was looked at. @returns for how long it has not been compared, and whether that is news to be told. */
  looked(engine: string, at: number): { ms: number; isNews: boolean } {
    const known = this.engines.get(engine) ?? { since: at, told: false };
    const ms = at - known.since;
    const isNews = ms >= TOO_LONG_MS && !known.told;
    this.engines.set(engine, { since: known.since, told: known.told || isNews });
    return { ms, isNews };
  }
}
