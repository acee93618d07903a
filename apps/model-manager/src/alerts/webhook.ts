import { createHmac } from 'node:crypto';
import type { Alert } from '#contracts/alerts';
import type { Channel } from './notices';

/** A receiver that takes longer gets the alert again. */
const LIMIT_MS = 5_000;

/**
 * POSTs alerts as JSON to the operator's own URL: `{"event":"alert.began"|"alert.ended","text","alert"}`. `text` is what
 * Slack, Mattermost and Discord's Slack mode show. With a secret, `x-tandem-signature` is `t=<epoch s>,v1=<hex>`, an
 * HMAC-SHA256 of `<t>.<body>`. Redirects are not followed: the URL is the operator's, where it leads is not.
 */
export class Webhook implements Channel {
  readonly name = 'webhook';
  private readonly ended = new AbortController();

  constructor(
    private readonly url: string,
    private readonly secret: string | undefined,
  ) {}

  /** @throws Error when it was not taken with a 2xx in time. */
  async deliver(alert: Alert): Promise<void> {
    const event = alert.endedAt === null ? 'alert.began' : 'alert.ended';
    const text = alert.endedAt === null ? alert.message : `Over: ${alert.message}`;
    const body = JSON.stringify({ event, text, alert });
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.signature(body) },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(LIMIT_MS), this.ended.signal]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  }

  end(): void {
    this.ended.abort();
  }

  private signature(body: string): Record<string, string> {
    if (this.secret === undefined) return {};
    const at = Math.floor(Date.now() / 1_000);
    const digest = createHmac('sha256', this.secret).update(`${at}.${body}`).digest('hex');
    return { 'x-tandem-signature': `t=${at},v1=${digest}` };
  }
}
