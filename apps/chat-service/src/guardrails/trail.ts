const FIRST = 1;
const ALONE = 2;
const FLAG_BITS = 2;

/** Where the last symbols of a text stand in it: as many as the longest word has. */
export class Trail {
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  /** How many gaps there were before it, and two flags. */
  private readonly facts: Int32Array;
  private readonly symbols: Uint16Array;
  private readonly mask: number;
  /** Of the last symbol; -1: there is none. */
  last = -1;

  /** @param longest symbols that are looked back at. */
  constructor(longest: number) {
    const size = 2 ** Math.ceil(Math.log2(longest + 4));
    this.mask = size - 1;
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.facts = new Int32Array(size);
    this.symbols = new Uint16Array(size);
  }

  clear(): void {
    this.last = -1;
  }

  /**
   * @param first of the symbols of its character; a word begins nowhere else.
   * @param alone no letter stands in front of its character.
   */
  push(symbol: number, start: number, end: number, gaps: number, first: boolean, alone: boolean): void {
    const at = ++this.last & this.mask;
    this.symbols[at] = symbol;
    this.starts[at] = start;
    this.ends[at] = end;
    this.facts[at] = (gaps << FLAG_BITS) | (first ? FIRST : 0) | (alone ? ALONE : 0);
  }

  get lastSymbol(): number {
    return this.last === -1 ? 0 : (this.symbols[this.last & this.mask] ?? 0);
  }

  startOf(index: number): number {
    return this.starts[index & this.mask] ?? 0;
  }

  endOf(index: number): number {
    return this.ends[index & this.mask] ?? 0;
  }

  gapsBetween(first: number, last: number): number {
    return ((this.facts[last & this.mask] ?? 0) >> FLAG_BITS) - ((this.facts[first & this.mask] ?? 0) >> FLAG_BITS);
  }

  isFirst(index: number): boolean {
    return ((this.facts[index & this.mask] ?? 0) & FIRST) !== 0;
  }

  isAlone(index: number): boolean {
    return ((this.facts[index & this.mask] ?? 0) & ALONE) !== 0;
  }
}
