import { copyFileSync, existsSync, readFileSync, renameSync, statSync, truncateSync } from 'node:fs';

const LARGEST_BYTES = 20 * 1024 * 1024;
const KEPT = 3;

/**
 * Turns a log that grew large: copied aside, then emptied in place. The services hold it open for appending and must not
 * notice; they write on at the new end. Lines written between the copy and the cut are lost, some milliseconds a 20 MiB.
 */
export function rotateLog(file: string): void {
  if (!existsSync(file) || statSync(file).size < LARGEST_BYTES) return;
  for (let n = KEPT - 1; n >= 1; n--) {
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
  }
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** The last lines of a log that are no blank ones; none when there is no log. */
export function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').slice(-50_000);
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}

/** What a service last complained of: the newest warning or error of its JSON log, else its last line. */
export function lastComplaint(file: string): string | null {
  const lines = lastLines(file, 50).reverse();
  for (const line of lines) {
    const complaint = pinoComplaint(line);
    if (complaint !== null) return complaint;
  }
  // A stack's own lines ("    at ...") say nothing to a user; the line above them does.
  return lines.find((line) => !/^\s|^Node\.js v|^\{|^\}/.test(line)) ?? lines[0] ?? null;
}

function pinoComplaint(line: string): string | null {
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    const severe =
      typeof entry.level === 'number' ? entry.level >= 40 : /^(warn|error|fatal)$/.test(String(entry.level));
    if (!severe) return null;
    const parts = [entry.msg, entry.err?.message].filter((part) => typeof part === 'string' && part !== '');
    return [...new Set(parts)].join(': ');
  } catch {
    return null; // not JSON
  }
}
