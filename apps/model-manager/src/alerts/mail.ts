import type { Transporter } from 'nodemailer';
import type { Alert } from '#contracts/alerts';
import type { Channel } from './notices';

const LIMIT_MS = 15_000;

export interface MailSettings {
  /** `smtp://user:password@host:587` or `smtps://...`. */
  url: string;
  from: string;
  /** One address, or several with commas. */
  to: string;
}

/** Sends alerts by e-mail. STARTTLS is used where the server offers it. */
export class Mail implements Channel {
  readonly name = 'email';
  private readonly transport: Promise<Transporter>;

  constructor(private readonly settings: MailSettings) {
    const limits = { connectionTimeout: LIMIT_MS, greetingTimeout: LIMIT_MS, socketTimeout: LIMIT_MS };
    // Loaded where mail is configured, which few hosts have.
    this.transport = import('nodemailer').then(({ createTransport }) =>
      createTransport({
        url: settings.url,
        ...limits,
        // No file and no URL is ever read for a mail's content.
        disableFileAccess: true,
        disableUrlAccess: true,
      }),
    );
  }

  async deliver(alert: Alert): Promise<void> {
    const { from, to } = this.settings;
    const over = alert.endedAt !== null;
    const transport = await this.transport;
    await transport.sendMail({
      from,
      to,
      subject: `[Tandem] ${over ? 'Over: ' : ''}${SUBJECTS[alert.kind]}${alert.engine === null ? '' : ` (${alert.engine})`}`,
      text: textOf(alert),
    });
  }

  end(): void {
    void this.transport.then((transport) => transport.close());
  }
}

const SUBJECTS: Readonly<Record<Alert['kind'], string>> = {
  log_errors: 'many errors in the log of the engine',
  cuda_out_of_memory: 'CUDA out of memory',
  request_timeouts: 'requests time out',
  crash_loop: 'the engine fails again and again',
  stepped_down: 'the engine runs with less than its profile says',
  profile_fallback: 'a fallback of the profile took over',
  benchmark_regression: 'a model became slower',
};

function textOf({ message, startedAt, endedAt }: Alert): string {
  const lines = [message, '', `Since: ${new Date(startedAt).toISOString()}`];
  if (endedAt !== null) lines.push(`Until: ${new Date(endedAt).toISOString()}`);
  return `${lines.join('\n')}\n`;
}
