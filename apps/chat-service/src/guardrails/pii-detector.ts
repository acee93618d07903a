import { findPii, PII_MARKS, piiMayBeginAt } from '#common/pii';
import type { Detector, Scan } from './detection';

/** Personal data in answers. */
export class PiiDetector implements Detector {
  constructor(private readonly scope: string) {}

  scan(text: string, from: number, last: boolean): Scan {
    const found = findPii(text)
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
