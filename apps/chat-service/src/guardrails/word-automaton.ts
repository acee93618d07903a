/** A word to look for, as symbols. */
export interface AutomatonWord<T> {
  symbols: readonly number[];
  value: T;
}

const ROOT = 0;
const NONE = -1;
/** Integers of a slot. */
const SLOT = 4;

/**
 * All words of a list at once, in one pass over a text (Aho and Corasick, Communications of the ACM 18(6), 1975). The
 * transitions of all nodes stand in one hash table of integers: ten thousand words are two megabytes, and a step is one
 * or two reads.
 */
export class WordAutomaton<T> {
  /** Node, symbol and target of each slot, side by side: a look is one line of the processor's cache. */
  private readonly slots: Int32Array;
  private readonly mask: number;
  /** Children of the root by symbol: most steps end there. */
  private readonly first = new Int32Array(2 ** 16);
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
    this.linkFailures(this.plant(words));
  }

  /** The node for a symbol that comes after what `node` stands for. */
  step(node: number, symbol: number): number {
    for (let from = node; from !== ROOT; from = this.failure[from] ?? ROOT) {
      const to = this.child(from, symbol);
      if (to !== NONE) return to;
    }
    return this.first[symbol] ?? ROOT;
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

  /** @returns how many nodes there are. */
  private plant(words: readonly AutomatonWord<T>[]): number {
    let used = 1;
    for (const { symbols, value } of words) {
      let node = ROOT;
      for (const symbol of symbols) {
        let to = node === ROOT ? (this.first[symbol] ?? ROOT) || NONE : this.child(node, symbol);
        if (to === NONE) {
          to = used++;
          this.put(node, symbol, to);
          this.depths[to] = this.depth(node) + 1;
          this.parents[to] = node;
          this.symbols[to] = symbol;
        }
        node = to;
      }
      const values = this.values.get(node);
      if (values === undefined) this.values.set(node, [value]);
      else values.push(value);
    }
    return used;
  }

  /** In order of depth, since a failure always leads to a node that is less deep. */
  private linkFailures(nodes: number): void {
    for (const node of Int32Array.from({ length: nodes - 1 }, (_, at) => at + 1).sort(
      (a, b) => this.depth(a) - this.depth(b),
    )) {
      const parent = this.parents[node] ?? ROOT;
      const failure = parent === ROOT ? ROOT : this.step(this.failure[parent] ?? ROOT, this.symbols[node] ?? 0);
      this.failure[node] = failure;
      const inherited = this.firstEnd(failure);
      this.ends[node] = this.values.has(node) ? node : inherited;
      this.next[node] = inherited;
    }
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
    if (node === ROOT) {
      this.first[symbol] = to;
      return;
    }
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
