import { setTimeout as sleep } from 'node:timers/promises';
import type { Alert } from '#contracts/alerts';
import { counter } from '#common/metrics';
import type { Logger } from 'nestjs-pino';

/** A way to reach a person: it delivers one alert, or throws. */
export interface Channel {
  readonly name: 'email' | 'webhook';
  deliver(alert: Alert): Promise<void>;
  end(): void;
}

/** After the first try: a mail server that restarts is back within a minute, one that greylists within a few. */
const RETRY_AFTER_MS = [2_000, 30_000, 300_000];
/** Alerts that wait for one channel; there are at most a handful of kinds, each with a cool-down. */
const MAX_WAITING = 100;

/** Sends alerts to people, each channel for itself and in order, with some tries. Never in the way of anything else. */
export class Notices {
  private readonly waiting = new Map<Channel, Alert[]>();
  private readonly ended = new AbortController();
  private readonly sent = counter('tandem_alert_notices_total', 'Alerts sent to people', ['channel', 'result']);

  constructor(
    private readonly channels: readonly Channel[],
    private readonly logger: Pick<Logger, 'warn' | 'log'>,
    private readonly retryAfterMs: readonly number[] = RETRY_AFTER_MS,
  ) {}

  send(alert: Alert): void {
    for (const channel of this.channels) {
      const queue = this.waiting.get(channel);
      if (queue === undefined) {
        this.waiting.set(channel, [alert]);
        void this.work(channel);
      } else if (queue.length < MAX_WAITING) queue.push(alert);
      else this.sent.inc({ channel: channel.name, result: 'dropped' });
    }
  }

  end(): void {
    this.ended.abort();
    for (const channel of this.channels) channel.end();
  }

  private async work(channel: Channel): Promise<void> {
    const queue = this.waiting.get(channel) ?? [];
    for (let [alert] = queue; alert !== undefined && !this.ended.signal.aborted; [alert] = queue) {
      await this.deliver(channel, alert);
      queue.shift();
    }
    this.waiting.delete(channel);
  }

  private async deliver(channel: Channel, alert: Alert): Promise<void> {
    for (const wait of [...this.retryAfterMs, null]) {
      try {
        await channel.deliver(alert);
        this.sent.inc({ channel: channel.name, result: 'sent' });
        return;
      } catch (error) {
        if (this.ended.signal.aborted) return;
        this.sent.inc({ channel: channel.name, result: 'failed' });
        const then = wait === null ? 'given up' : 'trying again';
        this.logger.warn({
          msg: `an alert could not be sent; ${then}`,
          channel: channel.name,
          alert: alert.id,
          err: error,
        });
        if (wait !== null) await sleep(wait, undefined, { signal: this.ended.signal }).catch(() => undefined);
      }
    }
  }
}
