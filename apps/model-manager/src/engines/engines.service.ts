import { Bus } from '#common/bus';
import { Readiness } from '#common/readiness';
import { ModelSubjects, type ModelsState } from '#contracts/models';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { AlertsService } from '../alerts/alerts.service';
import { Announcer } from './announcer';
import type { EngineStatus } from './engine';
import type { Fleet } from './fleet';

/** What is told of the engines in our care. */
@Injectable()
export class EnginesService {
  private readonly announcer: Announcer;
  private begun = false;

  constructor(
    private readonly fleet: Fleet,
    private readonly bus: Bus,
    readiness: Readiness,
    /** Another model-manager cares for the engines; this one waits. */
    isStandby: () => boolean,
    private readonly alerts: AlertsService,
    logger: Logger,
  ) {
    this.announcer = new Announcer(bus, fleet, () => alerts.active(), logger);
    let storedOnce = false;
    readiness.add('jetstream', () => isStandby() || (storedOnce ||= this.begun && this.announcer.isStored));
  }

  /** From now on everybody hears of the engines. Not before they are known: nobody must believe that there is none. */
  begin(): void {
    this.begun = true;
    this.fleet.listen(
      () => this.announcer.changed(),
      (counters) => this.bus.publishJson(ModelSubjects.counters, counters),
    );
    this.alerts.onChange(() => this.announcer.changed());
    this.announcer.begin();
  }

  /**
   * Before the bus is closed: the last thing that is announced is that the engines are stopped. Engines that are left go on as
   * they are; chat-services keep to what they heard of them last until the next model-manager finds them.
   */
  async end(atStop: 'end' | 'leave'): Promise<void> {
    if (!this.begun) return;
    if (atStop === 'end') await this.fleet.end();
    await this.announcer.end();
  }

  get profile(): string | null {
    return this.fleet.profile;
  }

  state(): ModelsState {
    return this.announcer.state();
  }

  status(): EngineStatus[] {
    return this.fleet.status();
  }
}
