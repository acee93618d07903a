import { findPii, PII_MARKS, type PiiKind } from '#common/pii';
import { PiiFront } from '#common/pii-front';
import { CONTEXT_CHARS, type Detector, type Found, type Kept, type Scanner, type Verdict } from './detection';

/** Personal data in answers. */
export class PiiDetector implements Detector {
  private readonly verdicts: Readonly<Record<PiiKind, Verdict>>;

  constructor(scope: string) {
    this.verdicts = {
      email: verdictOf(scope, 'email'),
      phone: verdictOf(scope, 'phone'),
      resident_number: verdictOf(scope, 'resident_number'),
      card: verdictOf(scope, 'card'),
      iban: verdictOf(scope, 'iban'),
    };
  }

  begin(): Scanner {
    return new PiiScanner(this.verdicts);
  }
}

/** Forms and check digits are looked at only where a character stands that there is no personal data without. */
class PiiScanner implements Scanner {
  private readonly front = new PiiFront();
  /** What begins in front of it is told of. */
  private told = 0;

  constructor(private readonly verdicts: Readonly<Record<PiiKind, Verdict>>) {}

  read(piece: string, last: boolean, kept: Kept, found: Found[]): number {
    this.front.read(piece);
    const safe = last ? this.front.at : Math.max(this.told, this.front.begin);
    if (safe > this.told) this.told = this.front.lastSign >= this.told ? this.tell(kept, safe, found) : safe;
    return this.told;
  }

  /** @returns up to where all is told of. */
  private tell(kept: Kept, safe: number, found: Found[]): number {
    const { text, base } = kept.textFrom(this.told - CONTEXT_CHARS);
    for (const { kind, start, end } of findPii(text)) {
      const place = { start: base + start, end: base + end };
      if (place.start < this.told || place.start >= safe) continue;
      // What follows may yet be part of something that goes before it: an e-mail address whose first part is a number.
      if (place.end > safe) return place.start;
      found.push({ ...place, verdict: this.verdicts[kind] });
    }
    return safe;
  }
}

function verdictOf(scope: string, kind: PiiKind): Verdict {
  return { kind: 'pii', action: 'mask', rule: `${scope}: ${kind}`, on: 'output', replacement: PII_MARKS[kind] };
}
