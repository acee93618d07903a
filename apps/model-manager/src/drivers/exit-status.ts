import { constants } from 'node:os';

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
const FIRST_SIGNAL = 128;

/** How a container ended: 128 and more mean a signal, as shells and container runtimes count. */
export function exitOf(statusCode: number | null): { code: number | null; signal: string | null } {
  const signal = statusCode === null ? undefined : SIGNALS.get(statusCode - FIRST_SIGNAL);
  return signal === undefined ? { code: statusCode, signal: null } : { code: null, signal };
}
