import { AuthorizationError, connect, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Logger } from 'nestjs-pino';

const TRY_AGAIN_MS = 500;
const TELL_EVERY_MS = 10_000;
const REFUSED =
  'nats-server does not know the user or the password of NATS_URL; it is tried again. Mend the users of nats-server, or NATS_URL and start this service anew';

export interface NatsTarget {
  servers: string;
  user?: string;
  pass?: string;
}

/** Splits `nats://user:pass@host:port` as the client wants it. */
export function natsTarget(url: string): NatsTarget {
  const parsed = new URL(url);
  const target: NatsTarget = { servers: `${parsed.protocol}//${parsed.host}` };
  if (parsed.username !== '') target.user = decodeURIComponent(parsed.username);
  if (parsed.password !== '') target.pass = decodeURIComponent(parsed.password);
  return target;
}

/** Options of every connection of ours: wait for a server that starts late, come back for ever. */
export function natsOptions(url: string, name: string): NatsTarget & Record<string, unknown> {
  return {
    ...natsTarget(url),
    name,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    // Else the client closes for good when it is refused twice, and would stay deaf after the server's users are mended.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 200,
    reconnectJitter: 100,
    // A server that vanished without a FIN is noticed after two missed pings.
    pingInterval: 5_000,
    maxPingOut: 2,
  };
}

/**
 * The plain connection: frames, heartbeats, state. (Commands travel through Nest's own NATS transport, which has no
 * cancellation and no back-pressure, and encodes JSON.)
 */
export class Bus {
  private readonly lostListeners = new Set<() => void>();
  private readonly restoredListeners = new Set<() => void>();
  private up = true;

  private constructor(
    readonly connection: NatsConnection,
    private readonly logger: Pick<Logger, 'warn' | 'log'>,
    /** How many servers of a NATS cluster keep each stream and bucket. */
    readonly jetstreamReplicas: number,
  ) {
    void this.watch();
  }

  static async connect(
    url: string,
    name: string,
    logger: Pick<Logger, 'warn' | 'log'>,
    jetstreamReplicas = 1,
  ): Promise<Bus> {
    return new Bus(await firstConnection(url, name, logger), logger, jetstreamReplicas);
  }

  get connected(): boolean {
    return this.up;
  }

  publish(subject: string, payload: Uint8Array | string): void {
    if (!this.connection.isClosed()) this.connection.publish(subject, payload);
  }

  publishJson(subject: string, value: unknown): void {
    this.publish(subject, JSON.stringify(value));
  }

  subscribe(subject: string, onMessage: (message: Msg) => void, queue?: string): Subscription {
    return this.connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error)
          this.logger.warn({
            msg: 'NATS refused a subscription, so this service does not hear of that subject; look at its permissions',
            err: error,
            subject,
          });
        else onMessage(message);
      },
    });
  }

  /** Called when the connection to NATS breaks: what was in flight may be lost. */
  onLost(listener: () => void): void {
    this.lostListeners.add(listener);
  }

  onRestored(listener: () => void): void {
    this.restoredListeners.add(listener);
  }

  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    // flush, not drain: drain waits for subscriptions that other parts may still hold.
    if (this.up) await this.connection.flush().catch(() => undefined);
    await this.connection.close();
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect' && this.up) {
        this.up = false;
        this.logger.warn(
          'lost the connection to NATS; what was streamed has ended with an error, and it is reconnected without end',
        );
        for (const listener of this.lostListeners) listener();
      } else if (status.type === 'reconnect') {
        this.up = true;
        this.logger.log('connected to NATS again');
        for (const listener of this.restoredListeners) listener();
      } else if (status.type === 'error' && status.error instanceof AuthorizationError) {
        this.logger.warn({ msg: REFUSED, err: status.error });
      }
    }
  }
}

/** Waits for a server that starts late, or does not let us in yet, and says so: a service that only waits looks as if it hung. */
async function firstConnection(url: string, name: string, logger: Pick<Logger, 'warn'>): Promise<NatsConnection> {
  let toldAt = -Infinity;
  for (;;) {
    try {
      return await connect({ ...natsOptions(url, name), waitOnFirstConnect: false });
    } catch (error) {
      if (performance.now() - toldAt > TELL_EVERY_MS) {
        toldAt = performance.now();
        const away = `nobody answers at ${natsTarget(url).servers}, where nats-server should be; it is tried again`;
        logger.warn({ msg: error instanceof AuthorizationError ? REFUSED : away, err: error });
      }
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  }
}
