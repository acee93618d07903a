const COUNT = /\{(\d+)(?:,(\d*))?\}/y;

/**
 * How many atoms a regular expression has once its counted repetitions are written out, roughly: what a grammar compiler
 * must build. Repetitions add up when they follow each other and multiply when they are nested.
 */
export function expandedSize(pattern: string): number {
  const outer: number[] = [];
  let size = 0;
  let last = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '(') {
      outer.push(size);
      size = 0;
      last = 0;
      continue;
    }
    if (char === ')') {
      last = Math.max(1, size);
      size = (outer.pop() ?? 0) + last;
      continue;
    }
    if (char === '{') {
      COUNT.lastIndex = at;
      const count = COUNT.exec(pattern);
      if (count !== null) {
        const times = Math.max(1, Number(count[2] === undefined || count[2] === '' ? count[1] : count[2]));
        size += last * (times - 1);
        last *= times;
        at += count[0].length - 1;
        continue;
      }
    }
    if (char === '\\') at++;
    else if (char === '[') at = endOfClass(pattern, at);
    last = 1;
    size += 1;
  }
  return outer.reduce((sum, one) => sum + one, size);
}

function endOfClass(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']' && at > start + 1) return at;
  }
  return pattern.length;
}
