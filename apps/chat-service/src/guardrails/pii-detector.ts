import { findPii, PII_MARKS, piiMayBeginAt } from '#common/pii';
import type { Detector, Scan } from './detection';

/** Without one of these there is none. */
const SOME_PII = /[@\uff20\d\uff10-\uff19]/;

/** Personal data in answers. */
export class PiiDetector implements Detector {
  constructor(private readonly scope: string) {}

  scan(text: string, from: number, last: boolean): Scan {
    const found = (SOME_PII.test(text) ? findPii(text) : [])
      .filter(({ start }) => start >= from)
      .map(({ kind, start, end }) => ({
        start,
        end,
        verdict: {
          kind: 'pii' as const,
          action: 'mask' as const,
          rule: `${this.scope}: ${kind}`,
          on: 'output' as const,
          replacement: PII_MARKS[kind],
        },
      }));
    return { found, safe: last ? text.length : Math.max(from, piiMayBeginAt(text)) };
  }
}
