/** A word to look for, as symbols. */
export interface AutomatonWord<T> {
  symbols: readonly number[];
  value: T;
}

const ROOT = 0;
const NONE = -1;
/** Integers of a slot. */
const SLOT = 4;
/** Integers of all rows: four megabytes, which hold the first two or three letters of most lists. */
const MAX_ROW_INTEGERS = 2 ** 20;

/**
 * All words of a list at once, in one pass over a text (Aho and Corasick, Communications of the ACM 18(6), 1975). A text
 * is nearly always at the first letters of a word: for those nodes a row says where each symbol leads, failures
 * included. The transitions of the others stand in one hash table of integers.
 */
export class WordAutomaton<T> {
  /** Node, symbol and target of each slot, side by side: a look is one line of the processor's cache. */
  private readonly slots: Int32Array;
  private readonly mask: number;
  /** The column of each symbol in the rows; 0: no word has it. */
  private readonly columns = new Uint16Array(2 ** 16);
  private readonly columnCount: number;
  /** Where each symbol leads from each of the first nodes, one row after the other. */
  private readonly rows: Int32Array;
  private readonly rowCount: number;
  private readonly failure: Int32Array;
  private readonly depths: Int32Array;
  /** The next node on the way of failures at which a word ends; the node itself where one does. */
  private readonly ends: Int32Array;
  private readonly next: Int32Array;
  private readonly parents: Int32Array;
  /** The symbol that leads to a node from its parent. */
  private readonly symbols: Uint16Array;
  private readonly values = new Map<number, T[]>();

  constructor(words: readonly AutomatonWord<T>[]) {
    const nodes = 1 + words.reduce((sum, { symbols }) => sum + symbols.length, 0);
    const size = 2 ** Math.ceil(Math.log2(nodes * 2 + 2));
    this.mask = size - 1;
    this.slots = new Int32Array(size * SLOT).fill(NONE);
    this.failure = new Int32Array(nodes);
    this.depths = new Int32Array(nodes);
    this.ends = new Int32Array(nodes).fill(NONE);
    this.next = new Int32Array(nodes).fill(NONE);
    this.parents = new Int32Array(nodes);
    this.symbols = new Uint16Array(nodes);
    this.columnCount = 1 + this.numberColumns(words);
    const used = this.plant(words);
    this.rowCount = Math.max(1, Math.min(used, Math.floor(MAX_ROW_INTEGERS / this.columnCount)));
    this.rows = new Int32Array(this.rowCount * this.columnCount);
    this.linkFailures(used);
  }

  /** The node for a symbol that comes after what `node` stands for. */
  step(node: number, symbol: number): number {
    const column = this.columns[symbol] ?? 0;
    if (column === 0) return ROOT;
    let from = node;
    while (from >= this.rowCount) {
      const to = this.child(from, symbol);
      if (to !== NONE) return to;
      from = this.failure[from] ?? ROOT;
    }
    return this.rows[from * this.columnCount + column] ?? ROOT;
  }

  /** Symbols of the longest beginning of a word that ends here. */
  depth(node: number): number {
    return this.depths[node] ?? 0;
  }

  /** The longest word that ends here, as its node; -1: none. */
  firstEnd(node: number): number {
    return this.ends[node] ?? NONE;
  }

  /** The next shorter word that ends here. */
  nextEnd(end: number): number {
    return this.next[end] ?? NONE;
  }

  /** What was said with the word of an `end`. */
  valuesAt(end: number): readonly T[] {
    return this.values.get(end) ?? [];
  }

  /** Level by level, so that those near the root are neighbours in memory. @returns how many nodes there are. */
  private plant(words: readonly AutomatonWord<T>[]): number {
    let used = 1;
    let growing = words.map((word) => ({ word, node: ROOT }));
    for (let depth = 0; growing.length > 0; depth++) {
      for (const branch of growing) {
        const symbol = branch.word.symbols[depth] ?? 0;
        let to = this.child(branch.node, symbol);
        if (to === NONE) {
          to = used++;
          this.put(branch.node, symbol, to);
          this.depths[to] = depth + 1;
          this.parents[to] = branch.node;
          this.symbols[to] = symbol;
        }
        branch.node = to;
        if (branch.word.symbols.length === depth + 1) this.endAt(to, branch.word.value);
      }
      growing = growing.filter(({ word }) => word.symbols.length > depth + 1);
    }
    return used;
  }

  private endAt(node: number, value: T): void {
    const values = this.values.get(node);
    if (values === undefined) this.values.set(node, [value]);
    else values.push(value);
  }

  /** @returns how many symbols the words have. */
  private numberColumns(words: readonly AutomatonWord<T>[]): number {
    let count = 0;
    for (const { symbols } of words)
      for (const symbol of symbols) if (this.columns[symbol] === 0) this.columns[symbol] = ++count;
    return count;
  }

  /** Level by level too, since a failure always leads to a node that is less deep. */
  private linkFailures(nodes: number): void {
    for (let from = 1; from < nodes;) {
      let to = from;
      while (to < nodes && this.depth(to) === this.depth(from)) to += 1;
      for (let node = from; node < to; node++) this.linkFailure(node);
      for (let node = from; node < to; node++) this.enterInParentsRow(node);
      for (let node = from; node < Math.min(to, this.rowCount); node++) this.addRow(node);
      from = to;
    }
  }

  private linkFailure(node: number): void {
    const parent = this.parents[node] ?? ROOT;
    const failure = parent === ROOT ? ROOT : this.step(this.failure[parent] ?? ROOT, this.symbols[node] ?? 0);
    this.failure[node] = failure;
    const inherited = this.firstEnd(failure);
    this.ends[node] = this.values.has(node) ? node : inherited;
    this.next[node] = inherited;
  }

  private enterInParentsRow(node: number): void {
    const parent = this.parents[node] ?? ROOT;
    const column = this.columns[this.symbols[node] ?? 0] ?? 0;
    if (parent < this.rowCount) this.rows[parent * this.columnCount + column] = node;
  }

  /** As the node it fails to, but for its own children, who are the next level. */
  private addRow(node: number): void {
    const from = (this.failure[node] ?? ROOT) * this.columnCount;
    this.rows.copyWithin(node * this.columnCount, from, from + this.columnCount);
  }

  private child(node: number, symbol: number): number {
    const { slots } = this;
    for (let slot = this.slot(node, symbol); ; slot = (slot + 1) & this.mask) {
      const at = slot * SLOT;
      const key = slots[at];
      if (key === NONE) return NONE;
      if (key === node && slots[at + 1] === symbol) return slots[at + 2] ?? NONE;
    }
  }

  private put(node: number, symbol: number, to: number): void {
    const { slots } = this;
    let slot = this.slot(node, symbol);
    while (slots[slot * SLOT] !== NONE) slot = (slot + 1) & this.mask;
    slots.set([node, symbol, to], slot * SLOT);
  }

  /** Knuth's multiplicative hash. */
  private slot(node: number, symbol: number): number {
    const mixed = Math.imul(Math.imul(node, 0x9e3779b1) ^ symbol, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}
