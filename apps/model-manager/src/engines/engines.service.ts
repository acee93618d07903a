import { Bus } from '#common/bus';
import { Readiness } from '#common/readiness';
import { ModelSubjects, type ModelsState } from '#contracts/models';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { AlertsService } from '../alerts/alerts.service';
import { Announcer } from './announcer';
import type { Engine, EngineStatus } from './engine';

/** The engines in our care, and what is told of them. */
@Injectable()
export class EnginesService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly announcer: Announcer;

  constructor(
    readonly profile: string | null,
    private readonly engines: readonly Engine[],
    private readonly bus: Bus,
    readiness: Readiness,
    alerts: AlertsService,
    logger: Logger,
  ) {
    this.announcer = new Announcer(
      bus,
      profile,
      () => engines.map((engine) => engine.announcement()),
      () => alerts.active(),
      logger,
    );
    alerts.onChange(() => this.announcer.changed());
    let storedOnce = false;
    readiness.add('jetstream', () => (storedOnce ||= this.announcer.isStored));
  }

  onApplicationBootstrap(): void {
    this.announcer.begin();
    for (const engine of this.engines)
      engine.begin(
        () => this.announcer.changed(),
        (counters) => this.bus.publishJson(ModelSubjects.counters, counters),
      );
  }

  /** Before the bus is closed: the last thing that is announced is that the engines are stopped. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.end()));
    await this.announcer.end();
  }

  state(): ModelsState {
    return this.announcer.state();
  }

  status(): EngineStatus[] {
    return this.engines.map((engine) => engine.status());
  }
}
