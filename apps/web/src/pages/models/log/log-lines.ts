export const LEVELS = ['all', 'warnings', 'errors'] as const;
export type LevelChoice = (typeof LEVELS)[number];

export interface LogLine {
  /** Counts from the first line that was shown. */
  number: number;
  text: string;
  level: 'info' | 'warning' | 'error';
}

export interface LogFilter {
  text: string;
  level: LevelChoice;
}

/** More than a boot with all its shards, and nothing that a browser would feel. */
const KEPT = 5_000;

/** vLLM puts the level first, after the name of a process: `(EngineCore pid=12) ERROR 11-21 10:00:00 [core.py:1] ...`. */
const LEVEL = /^(?:\([^)]*\)\s*)*(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b/;
/** The last line of a traceback. */
const EXCEPTION = /^(?:\([^)]*\)\s*)*[\w.]*(?:Error|Exception)\b/;

function levelOf(text: string, before: LogLine['level']): LogLine['level'] {
  const [, word] = LEVEL.exec(text) ?? [];
  if (word === 'ERROR' || word === 'CRITICAL') return 'error';
  if (word === 'WARNING') return 'warning';
  if (word !== undefined) return 'info';
  if (EXCEPTION.test(text)) return 'error';
  // A line without a level goes on with the one before: tracebacks, tables.
  return before;
}

/** The lines with others added; the oldest go. */
export function withLines(lines: readonly LogLine[], added: readonly string[]): LogLine[] {
  const result = [...lines];
  for (const text of added) {
    const last = result.at(-1);
    result.push({ number: (last?.number ?? 0) + 1, text, level: levelOf(text, last?.level ?? 'info') });
  }
  return result.slice(-KEPT);
}

/** The lines that are asked for, whatever their case. */
export function filterLines(lines: readonly LogLine[], { text, level }: LogFilter): readonly LogLine[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '' && level === 'all') return lines;
  return lines.filter(
    (line) =>
      (level === 'all' || line.level === 'error' || (level === 'warnings' && line.level === 'warning')) &&
      line.text.toLowerCase().includes(wanted),
  );
}
