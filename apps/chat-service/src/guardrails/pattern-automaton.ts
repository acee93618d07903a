import type { RE2JS } from 're2js';

/** re2js compiles as RE2 does (prog.go): an instruction is one of these. */
const ALT = 1;
const ALT_MATCH = 2;
const CAPTURE = 3;
const EMPTY_WIDTH = 4;
const FAIL = 5;
const MATCH = 6;
const NOP = 7;
const FIRST_RUNE = 8;
const RUNE_ANY = 10;
const RUNE_ANY_NOT_NL = 11;

/** What an instruction without width asks for (RE2's EmptyOp). */
const BEGIN_LINE = 1;
const END_LINE = 2;
const BEGIN_TEXT = 4;
const END_TEXT = 8;
const WORD_BOUNDARY = 16;
const NO_WORD_BOUNDARY = 32;

const NEWLINE = 10;
/** The class of the end of a text; those of characters follow. */
const END_CLASS = 0;
/** States that are kept; past that all are forgotten and found again, as RE2 does. */
const MAX_STATES = 4_000;
/** Instructions in all of them. */
const MAX_KEPT_PLACES = 400_000;
const NOBODY: readonly number[] = [];

interface Instruction {
  op: number;
  out: number;
  arg: number;
  runes: ArrayLike<number>;
  matchRune(rune: number): boolean;
}

/** re2js' program of a pattern. */
export function programOf(pattern: RE2JS): { inst: Instruction[]; start: number } {
  return (pattern.re2() as unknown as { prog: { inst: Instruction[]; start: number } }).prog;
}

/** Characters that no pattern tells apart. */
interface RuneClass {
  /** By test, whether it takes these characters. */
  taken: boolean[];
  newline: boolean;
  word: boolean;
  end: boolean;
}

/** What may be under way after a character. */
export interface WatchState {
  /** Nothing is: whatever matches from here on begins here. */
  readonly idle: boolean;
  /** Instructions that the next character meets, in order. */
  readonly places: readonly number[];
  /** Flags that are known from the character before. */
  readonly before: number;
  readonly afterWord: boolean;
  /** By class of the next character. */
  readonly steps: (WatchStep | undefined)[];
}

export interface WatchStep {
  readonly state: WatchState;
  /** Patterns of which a match ends in front of the character. */
  readonly ended: readonly number[];
}

/**
 * Tells of all patterns at once whether a match of one may be under way, one character after the other: RE2's lazy DFA,
 * whose state can be carried from one piece of a text to the next. What matches exactly is asked of RE2 itself, and only
 * where something has ended.
 */
export class PatternAutomaton {
  readonly start: WatchState;
  private readonly instructions: Instruction[] = [];
  private readonly starts: number[] = [];
  /** By instruction that takes a character: its test. */
  private readonly tests: Int32Array;
  private readonly distinct: Instruction[] = [];
  private readonly classes: RuneClass[] = [{ taken: [], newline: false, word: false, end: true }];
  private readonly classBySignature = new Map<string, number>();
  /** By character below U+10000; 0: not met yet. */
  private readonly classOf = new Uint16Array(0x10000);
  private readonly states = new Map<string, WatchState>();
  private keptPlaces = 0;

  constructor(patterns: readonly RE2JS[]) {
    for (const [index, pattern] of patterns.entries()) {
      const { inst, start } = programOf(pattern);
      const offset = this.instructions.length;
      this.starts.push(offset + start);
      for (const instruction of inst) this.instructions.push(moved(instruction, offset, index));
    }
    this.tests = this.findTests();
    this.start = this.stateOf([], BEGIN_TEXT | BEGIN_LINE, false);
  }

  /** What a character does. */
  step(state: WatchState, rune: number): WatchStep {
    const known = rune > 0xffff ? 0 : (this.classOf[rune] ?? 0);
    const runeClass = known === 0 ? this.findClass(rune) : known;
    return state.steps[runeClass] ?? this.findStep(state, runeClass);
  }

  /** What the end of the text does. */
  end(state: WatchState): readonly number[] {
    return (state.steps[END_CLASS] ?? this.findStep(state, END_CLASS)).ended;
  }

  private findTests(): Int32Array {
    const known = new Map<string, number>();
    return Int32Array.from(this.instructions, (instruction) => {
      const { op, arg, runes } = instruction;
      if (op < FIRST_RUNE || op > RUNE_ANY_NOT_NL) return -1;
      const key = `${op} ${arg} ${Array.from(runes).join()}`;
      const test = known.get(key) ?? this.distinct.length;
      if (test === this.distinct.length) {
        known.set(key, test);
        this.distinct.push(instruction);
      }
      return test;
    });
  }

  private findClass(rune: number): number {
    const taken = this.distinct.map((instruction) => takes(instruction, rune));
    const newline = rune === NEWLINE;
    const word = isWord(rune);
    const signature = `${taken.map(Number).join('')} ${newline} ${word}`;
    const found = this.classBySignature.get(signature) ?? this.classes.length;
    if (found === this.classes.length) {
      this.classBySignature.set(signature, found);
      this.classes.push({ taken, newline, word, end: false });
    }
    if (rune <= 0xffff) this.classOf[rune] = found;
    return found;
  }

  private findStep(state: WatchState, runeClass: number): WatchStep {
    const { taken, newline, word, end } = this.classes[runeClass] ?? {
      taken: [],
      newline: false,
      word: false,
      end: true,
    };
    const flags =
      state.before |
      (newline || end ? END_LINE : 0) |
      (end ? END_TEXT : 0) |
      (word === state.afterWord ? NO_WORD_BOUNDARY : WORD_BOUNDARY);
    const ended: number[] = [];
    const next = new Set<number>();
    for (const place of this.reached(state.places, flags)) {
      const instruction = this.instructions[place];
      if (instruction === undefined) continue;
      if (instruction.op === MATCH) ended.push(instruction.arg);
      else if (taken[this.tests[place] ?? -1] === true) next.add(instruction.out);
    }
    const places = [...next].sort((a, b) => a - b);
    const step = {
      state: this.stateOf(places, newline ? BEGIN_LINE : 0, word),
      ended: ended.length === 0 ? NOBODY : [...new Set(ended)],
    };
    state.steps[runeClass] = step;
    return step;
  }

  /** All instructions that can be come to without a character, from what is under way and from all beginnings. */
  private reached(places: readonly number[], flags: number): Set<number> {
    const reached = new Set<number>();
    const stack = [...places, ...this.starts];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (reached.has(place)) continue;
      reached.add(place);
      const { op, out, arg } = this.instructions[place] ?? { op: FAIL, out: 0, arg: 0 };
      if (op === ALT || op === ALT_MATCH) stack.push(out, arg);
      else if (op === EMPTY_WIDTH) {
        if ((arg & ~flags) === 0) stack.push(out);
      } else if (op === CAPTURE || op === NOP) stack.push(out);
    }
    return reached;
  }

  private stateOf(places: readonly number[], before: number, afterWord: boolean): WatchState {
    const key = `${before} ${afterWord} ${places.join()}`;
    const known = this.states.get(key);
    if (known !== undefined) return known;
    if (this.states.size >= MAX_STATES || this.keptPlaces > MAX_KEPT_PLACES) {
      this.states.clear();
      this.keptPlaces = 0;
    }
    const state = { idle: places.length === 0, places, before, afterWord, steps: [] };
    this.states.set(key, state);
    this.keptPlaces += places.length;
    return state;
  }
}

/** The instruction in the program of all patterns. */
function moved(instruction: Instruction, offset: number, pattern: number): Instruction {
  const { op, out, arg, runes } = instruction;
  return {
    op,
    out: out + offset,
    arg: op === MATCH ? pattern : op === ALT || op === ALT_MATCH ? arg + offset : arg,
    runes,
    matchRune: (rune) => instruction.matchRune(rune),
  };
}

function takes(instruction: Instruction, rune: number): boolean {
  switch (instruction.op) {
    case RUNE_ANY:
      return true;
    case RUNE_ANY_NOT_NL:
      return rune !== NEWLINE;
    default:
      return instruction.matchRune(rune);
  }
}

/** RE2's `\w`: ASCII alone. */
function isWord(rune: number): boolean {
  return (
    (rune >= 0x30 && rune <= 0x39) || (rune >= 0x41 && rune <= 0x5a) || rune === 0x5f || (rune >= 0x61 && rune <= 0x7a)
  );
}
