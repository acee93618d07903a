/** What would be measured: a profile with these settings, all of its engines ready. */
export interface Candidate {
  profile: string;
  fingerprint: string;
}

/** So long the engines are left alone after they became ready: a switch tells of itself within it. */
const SETTLED_AFTER_MS = 3_000;
/** One that had to make room for people is tried again after so long a quiet, and so often. */
const QUIET_MS = 30_000;
const MOST_TRIES = 3;

interface Followed extends Candidate {
  since: number;
  considered: boolean;
  tries: number;
}

/** When a benchmark runs by itself. Pure: times are monotonic milliseconds that the caller passes. */
export class BenchmarkTriggers {
  private current: Followed | null = null;
  /** One is owed, after so long a quiet. */
  private owedAfterMs: number | null = null;
  private quietSince: number | null = null;

  /**
   * @param candidate null while not all engines are ready.
   * @param people requests of people that run or wait.
   * @param isDue whether this candidate's parameters are new.
   * @returns whether one has to begin now.
   */
  look(at: number, candidate: Candidate | null, people: number, isDue: (candidate: Candidate) => boolean): boolean {
    if (people > 0) this.quietSince = null;
    else this.quietSince ??= at;
    if (candidate === null) {
      this.current = null;
      this.owedAfterMs = null;
      return false;
    }
    const current = this.follow(at, candidate);
    if (!current.considered && at - current.since >= SETTLED_AFTER_MS) {
      current.considered = true;
      if (isDue(candidate)) this.owedAfterMs = 0;
    }
    return this.owedAfterMs !== null && this.quietSince !== null && at - this.quietSince >= this.owedAfterMs;
  }

  /** One begins, whoever asked for it: this candidate needs no other. */
  began(at: number, candidate: Candidate): void {
    const current = this.follow(at, candidate);
    current.considered = true;
    current.tries += 1;
    this.owedAfterMs = null;
  }

  /** One that nobody had asked for made room for people, before or while it ran. */
  gaveWay(): void {
    if (this.current !== null && this.current.tries < MOST_TRIES) this.owedAfterMs = QUIET_MS;
  }

  private follow(at: number, { profile, fingerprint }: Candidate): Followed {
    const { current } = this;
    if (current?.profile === profile && current.fingerprint === fingerprint) return current;
    this.owedAfterMs = null;
    return (this.current = { profile, fingerprint, since: at, considered: false, tries: 0 });
  }
}
