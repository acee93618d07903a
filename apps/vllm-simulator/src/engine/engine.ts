import type { EngineCounters } from './counters';
import type { Scheduler } from './scheduler';
import type { Sequence } from './sequence';

/** One request of a client: `n` sequences, and what to do when the engine dies under it. */
export interface EngineRequest {
  /** `n`, for the histogram of that parameter. */
  readonly choices: number;
  readonly sequences: readonly Sequence[];
  engineDied(): void;
}

export interface EnginePace {
  readonly tokensPerSecond: number;
  /** The engine dies after so many tokens in all. */
  readonly crashAfterTokens: number | null;
  /** The engine stops making tokens after so many, and says nothing. */
  readonly hangAfterTokens: number | null;
}

/** A timer fires up to about this much late; steps that are due by then are made together. */
const TIMER_RESOLUTION_MS = 1;

/**
 * Drives the scheduler in real time: one step each 1/tokensPerSecond while there is something to do.
 * It does not catch up when the machine is slow: a busy GPU would not either.
 */
export class Engine {
  private readonly requests = new Set<EngineRequest>();
  private readonly periodMs: number;
  private timer: NodeJS.Timeout | null = null;
  private nextStepAtMs = 0;
  private madeTokens = 0;
  private died = false;
  private hung = false;

  /** Called once, when the engine dies. */
  onDeath: () => void = () => undefined;
  /** Called whenever nothing runs or waits any more. */
  onIdle: () => void = () => undefined;

  constructor(
    readonly scheduler: Scheduler,
    readonly counters: EngineCounters,
    private readonly pace: EnginePace,
  ) {
    this.periodMs = 1000 / pace.tokensPerSecond;
    this.hung = pace.hangAfterTokens === 0;
  }

  get dead(): boolean {
    return this.died;
  }

  get openRequests(): number {
    return this.requests.size;
  }

  now(): number {
    return performance.now();
  }

  submit(request: EngineRequest): void {
    this.requests.add(request);
    for (const sequence of request.sequences) this.scheduler.add(sequence);
    this.wake();
  }

  /** The request has been answered. */
  done(request: EngineRequest): void {
    this.counters.paramsN.observe(request.choices);
    this.forget(request);
  }

  private forget(request: EngineRequest): void {
    this.requests.delete(request);
    if (this.requests.size === 0) this.onIdle();
  }

  /** The client has gone. */
  abandon(request: EngineRequest): void {
    if (!this.requests.has(request)) return;
    for (const sequence of request.sequences) this.scheduler.abandon(sequence);
    this.forget(request);
  }

  /** Ends what runs with finish_reason "abort". */
  abortAll(): void {
    this.scheduler.abortAll(this.now());
  }

  die(): void {
    if (this.died) return;
    this.died = true;
    this.stop();
    for (const lost of this.scheduler.clear()) lost.abandoned = true;
    this.onDeath();
    for (const request of [...this.requests]) request.engineDied();
    this.requests.clear();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private wake(): void {
    if (this.timer !== null || this.died || this.hung) return;
    const now = this.now();
    this.nextStepAtMs = Math.max(now, this.nextStepAtMs);
    this.sleep(now);
  }

  private sleep(now: number): void {
    this.timer = setTimeout(() => {
      this.tick();
    }, this.nextStepAtMs - now);
  }

  private tick(): void {
    this.timer = null;
    const now = this.now();
    let steps = Math.max(1, Math.floor((now + TIMER_RESOLUTION_MS - this.nextStepAtMs) / this.periodMs));
    steps = Math.min(steps, Math.max(1, Math.ceil((2 * TIMER_RESOLUTION_MS) / this.periodMs)));
    for (let step = 0; step < steps && !this.scheduler.idle; step++) {
      this.madeTokens += this.scheduler.step(now);
      if (this.faultsStrike()) return;
    }
    // In phase with the last step, unless the machine is so late that the phase is lost.
    const due = this.nextStepAtMs + steps * this.periodMs;
    this.nextStepAtMs = due < now - this.periodMs ? now + this.periodMs : due;
    if (!this.scheduler.idle) this.sleep(this.now());
  }

  private faultsStrike(): boolean {
    const { crashAfterTokens, hangAfterTokens } = this.pace;
    if (crashAfterTokens !== null && this.madeTokens >= crashAfterTokens) {
      this.die();
      return true;
    }
    this.hung = hangAfterTokens !== null && this.madeTokens >= hangAfterTokens;
    return this.hung;
  }
}
