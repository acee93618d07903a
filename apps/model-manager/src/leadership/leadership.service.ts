import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { AlertsService } from '../alerts/alerts.service';
import type { EnginesService } from '../engines/engines.service';
import type { ChatServices } from '../switching/chat-services';
import type { SwitchesService } from '../switching/switches.service';
import type { Lease } from './lease';

/** Begins the care of the engines once this instance leads; until then it stands by. */
@Injectable()
export class LeadershipService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Resolves when this instance leads and knows its engines: only then commands are taken. */
  readonly leads: Promise<void>;
  private resolve: () => void = () => undefined;

  constructor(
    private readonly lease: Lease,
    private readonly switches: SwitchesService,
    private readonly engines: EnginesService,
    private readonly chats: ChatServices,
    private readonly alerts: AlertsService,
    /** Those that no record names would hold GPUs for ever. */
    private readonly endStrays: (known: readonly string[]) => Promise<void>,
    private readonly atStop: 'end' | 'leave',
    private readonly logger: Logger,
  ) {
    this.leads = new Promise((resolve) => (this.resolve = resolve));
  }

  onApplicationBootstrap(): void {
    void this.lead().catch((error: unknown) => {
      this.logger.error({
        msg: 'the care of the engines could not begin, so this model-manager ends; it is started again by whoever runs it',
        err: error,
      });
      process.exit(1);
    });
  }

  /** In this order: who takes over must find engines that are gone, or that nobody ends any more. */
  async beforeApplicationShutdown(): Promise<void> {
    this.switches.abandon();
    await this.engines.end(this.atStop);
    this.switches.close();
    await this.lease.end();
  }

  private async lead(): Promise<void> {
    await this.lease.acquire(() => this.lost());
    this.chats.begin();
    const known = await this.switches.open();
    await this.endStrays(known);
    await this.alerts.begin(known);
    this.switches.begin();
    this.engines.begin();
    this.resolve();
  }

  /** Another one has the engines now; whatever is done here from now on would be done twice. */
  private lost(): void {
    this.logger.error('another model-manager has taken over; this one ends, and leaves the engines to it');
    process.exit(1);
  }
}
