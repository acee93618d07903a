import type { Settings } from '../config';
import { Mail } from './mail';
import type { Channel } from './notices';
import { Webhook } from './webhook';

/** The ways to reach people that are configured. */
export function makeChannels(settings: Settings): Channel[] {
  const { ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET, ALERT_EMAIL_TO, ALERT_EMAIL_FROM, SMTP_URL } = settings;
  const channels: Channel[] = [];
  if (ALERT_WEBHOOK_URL !== undefined) channels.push(new Webhook(ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET));
  if (SMTP_URL !== undefined && ALERT_EMAIL_TO !== undefined) {
    const from = ALERT_EMAIL_FROM ?? ALERT_EMAIL_TO.split(',')[0] ?? ALERT_EMAIL_TO;
    channels.push(new Mail({ url: SMTP_URL, from, to: ALERT_EMAIL_TO }));
  }
  return channels;
}
