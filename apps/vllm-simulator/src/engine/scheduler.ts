import type { EngineCounters } from './counters';
import type { PrefixCache } from './prefix-cache';
import type { Sequence } from './sequence';

export interface SchedulerLimits {
  readonly maxNumSeqs: number;
  readonly kvCacheTokens: number;
  /** How long a prompt takes before its first token. */
  readonly ttftMs: number;
}

/**
 * The engine's scheduler: at each step one token for every running sequence, in the order in which they were
 * admitted; what does not fit waits, first come first served. It has no clock of its own: who calls `step` says when.
 */
export class Scheduler {
  private running: Sequence[] = [];
  private readonly waiting: Sequence[] = [];
  private usedTokens = 0;

  constructor(
    private readonly limits: SchedulerLimits,
    private readonly counters: EngineCounters,
    private readonly prefixCache: PrefixCache | null,
  ) {}

  get runningCount(): number {
    return this.running.length;
  }

  get waitingCount(): number {
    return this.waiting.length;
  }

  get kvCacheUsage(): number {
    return Math.min(1, this.usedTokens / this.limits.kvCacheTokens);
  }

  get idle(): boolean {
    return this.running.length === 0 && this.waiting.length === 0;
  }

  sequences(): readonly Sequence[] {
    return [...this.running, ...this.waiting];
  }

  add(sequence: Sequence): void {
    this.waiting.push(sequence);
  }

  /** The client left: its place is free at once, and no counter of finished requests moves. */
  abandon(sequence: Sequence): void {
    if (sequence.abandoned || sequence.finishReason !== null) return;
    sequence.abandoned = true;
    const waitingAt = this.waiting.indexOf(sequence);
    if (waitingAt >= 0) this.waiting.splice(waitingAt, 1);
    else this.running = this.running.filter((other) => other !== sequence);
  }

  /** Ends all of them with finish_reason "abort": the engine is shutting down. */
  abortAll(nowMs: number): void {
    for (const sequence of this.sequences()) {
      sequence.abort();
      this.counters.generationTokens++;
      this.settle(sequence, nowMs);
    }
    this.running = [];
    this.waiting.length = 0;
  }

  /** Forgets all of them without a word: the engine has died. */
  clear(): readonly Sequence[] {
    const lost = this.sequences();
    this.running = [];
    this.waiting.length = 0;
    return lost;
  }

  /** One step of the engine. Returns how many tokens it made. */
  step(nowMs: number): number {
    this.admit(nowMs);
    const batch = this.running;
    let tokens = 0;
    let scheduledTokens = 0;
    let used = 0;
    let anyDone = false;
    for (const sequence of batch) {
      if (sequence.abandoned) continue;
      used += sequence.promptIds.length + sequence.generated;
      if (sequence.generated === 0) {
        if (nowMs < sequence.scheduledMs + this.limits.ttftMs) continue;
        this.counters.prefilled(sequence.promptIds.length, sequence.cachedTokens);
        this.counters.firstToken(nowMs - sequence.arrivedMs);
        sequence.firstTokenMs = nowMs;
        scheduledTokens += sequence.promptIds.length - sequence.cachedTokens;
      } else {
        this.counters.nextToken(nowMs - sequence.lastTokenMs);
        scheduledTokens++;
      }
      sequence.lastTokenMs = nowMs;
      this.counters.generationTokens++;
      tokens++;
      sequence.advance();
      if (sequence.finishReason !== null) {
        anyDone = true;
        this.settle(sequence, nowMs);
      }
    }
    this.usedTokens = used;
    // A sink may have abandoned sequences in the meantime, so `running` need not be `batch` any more.
    if (anyDone) this.running = this.running.filter((sequence) => sequence.finishReason === null);
    if (this.running.length === 0) this.usedTokens = 0;
    if (scheduledTokens > 0) this.counters.iterationTokens.observe(scheduledTokens);
    return tokens;
  }

  private admit(nowMs: number): void {
    let promised = this.usedTokens;
    while (this.running.length < this.limits.maxNumSeqs) {
      const next = this.waiting[0];
      if (next === undefined) return;
      promised += next.promptIds.length;
      if (promised > this.limits.kvCacheTokens && this.running.length > 0) return;
      this.waiting.shift();
      next.scheduledMs = nowMs;
      if (this.prefixCache !== null) {
        next.cachedTokens = this.prefixCache.lookup(next.promptIds);
        this.counters.prefixQueries += next.promptIds.length;
        this.counters.prefixHits += next.cachedTokens;
      }
      this.running.push(next);
    }
  }

  private settle(sequence: Sequence, nowMs: number): void {
    const reason = sequence.finishReason;
    if (reason === null) return;
    this.counters.finished({
      reason,
      arrivedMs: sequence.arrivedMs,
      scheduledMs: sequence.scheduledMs || nowMs,
      firstTokenMs: sequence.firstTokenMs || nowMs,
      lastTokenMs: nowMs,
      promptTokens: sequence.promptIds.length,
      cachedTokens: sequence.cachedTokens,
      generatedTokens: sequence.generated,
      maxTokens: sequence.params.maxTokens,
    });
  }
}
