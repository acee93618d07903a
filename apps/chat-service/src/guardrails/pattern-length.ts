import type { RE2JS } from 're2js';
import { programOf } from './pattern-automaton';

/** Instructions of re2js, as in RE2's prog.go. */
const ALT = 1;
const ALT_MATCH = 2;
const FAIL = 5;
const MATCH = 6;
const FIRST_RUNE = 8;
const LAST_RUNE = 11;

/** Characters (code points) of the longest match of a pattern; null: it has none, a part may repeat for ever. */
export function longestMatch(pattern: RE2JS): number | null {
  const { inst, start } = programOf(pattern);
  const lengths = new Map<number, number>();
  const open = new Set<number>();
  // Depth first, without recursion: a program has thousands of instructions.
  const stack = [start];
  while (stack.length > 0) {
    const at = stack.at(-1) ?? 0;
    const instruction = inst[at];
    if (instruction === undefined || lengths.has(at)) {
      stack.pop();
      continue;
    }
    const nexts = nextsOf(instruction);
    const waiting = nexts.find((next) => !lengths.has(next));
    if (waiting !== undefined) {
      if (open.has(waiting) || waiting === at) return null;
      open.add(at);
      stack.push(waiting);
      continue;
    }
    open.delete(at);
    stack.pop();
    const consumes = instruction.op >= FIRST_RUNE && instruction.op <= LAST_RUNE ? 1 : 0;
    lengths.set(at, consumes + Math.max(0, ...nexts.map((next) => lengths.get(next) ?? 0)));
  }
  return lengths.get(start) ?? 0;
}

function nextsOf({ op, out, arg }: { op: number; out: number; arg: number }): number[] {
  if (op === MATCH || op === FAIL) return [];
  return op === ALT || op === ALT_MATCH ? [out, arg] : [out];
}
