import { RateWindow } from './rate-window';

export interface RateRule {
  /** So many within the window are an alert. */
  threshold: number;
  windowMs: number;
  /** After the end of one alert the next begins this much later at the earliest. */
  coolDownMs: number;
}

export type RateChange = { kind: 'began'; count: number } | { kind: 'ended' };

type State = { kind: 'quiet'; notBefore: number } | { kind: 'on' };

/**
 * One alert for each crossing of the threshold: it begins when the window holds as many, and ends when it no longer does.
 * Pure: all times are monotonic milliseconds that the caller passes.
 */
export class RateAlarm {
  private readonly window: RateWindow;
  private state: State = { kind: 'quiet', notBefore: -Infinity };

  constructor(private readonly rule: RateRule) {
    this.window = new RateWindow(rule.windowMs);
  }

  /** It was on when a process before this one ended. Its window is not kept: what it counted is as if seen now. */
  resumeOn(atMs: number, count: number): void {
    this.window.add(atMs, Math.max(count, this.rule.threshold));
    this.state = { kind: 'on' };
  }

  /** It had ended so long ago when this process began. */
  resumeQuiet(atMs: number, endedMsAgo: number): void {
    this.state = { kind: 'quiet', notBefore: atMs + this.rule.coolDownMs - endedMsAgo };
  }

  /** Something was seen. */
  seen(atMs: number, count = 1): RateChange | null {
    this.window.add(atMs, count);
    return this.look(atMs);
  }

  /** Time has passed. */
  look(atMs: number): RateChange | null {
    const count = this.window.count(atMs);
    const over = count >= this.rule.threshold;
    if (this.state.kind === 'quiet' && over && atMs >= this.state.notBefore) {
      this.state = { kind: 'on' };
      return { kind: 'began', count };
    }
    if (this.state.kind === 'on' && !over) {
      this.state = { kind: 'quiet', notBefore: atMs + this.rule.coolDownMs };
      return { kind: 'ended' };
    }
    return null;
  }
}
