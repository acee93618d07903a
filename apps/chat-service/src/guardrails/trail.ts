const FIRST = 1;
const ALONE = 2;
const FLAG_BITS = 2;
/** Integers of an entry: start, end, facts, symbol. */
const ENTRY_BITS = 2;

/** Where the last symbols of a text stand in it: as many as the longest word has. */
export class Trail {
  private readonly entries: Int32Array;
  private readonly mask: number;
  /** Of the last symbol; -1: there is none. */
  last = -1;

  /** @param longest symbols that are looked back at. */
  constructor(longest: number) {
    const size = 2 ** Math.ceil(Math.log2(longest + 4));
    this.mask = size - 1;
    this.entries = new Int32Array(size << ENTRY_BITS);
  }

  /**
   * @param gaps how many there were before it in the text.
   * @param first of the symbols of its character; a word begins nowhere else.
   * @param alone no letter stands in front of its character.
   */
  push(symbol: number, start: number, end: number, gaps: number, first: boolean, alone: boolean): void {
    const { entries } = this;
    const at = this.placeOf(++this.last);
    entries[at] = start;
    entries[at + 1] = end;
    entries[at + 2] = (gaps << FLAG_BITS) | (first ? FIRST : 0) | (alone ? ALONE : 0);
    entries[at + 3] = symbol;
  }

  get lastSymbol(): number {
    return this.last === -1 ? 0 : (this.entries[this.placeOf(this.last) + 3] ?? 0);
  }

  startOf(index: number): number {
    return this.entries[this.placeOf(index)] ?? 0;
  }

  endOf(index: number): number {
    return this.entries[this.placeOf(index) + 1] ?? 0;
  }

  /** Right also where the count has gone round: no word has so many gaps. */
  gapsBetween(first: number, last: number): number {
    return ((this.factsOf(last) >>> FLAG_BITS) - (this.factsOf(first) >>> FLAG_BITS)) & (-1 >>> FLAG_BITS);
  }

  isFirst(index: number): boolean {
    return (this.factsOf(index) & FIRST) !== 0;
  }

  isAlone(index: number): boolean {
    return (this.factsOf(index) & ALONE) !== 0;
  }

  private factsOf(index: number): number {
    return this.entries[this.placeOf(index) + 2] ?? 0;
  }

  private placeOf(index: number): number {
    return (index & this.mask) << ENTRY_BITS;
  }
}
