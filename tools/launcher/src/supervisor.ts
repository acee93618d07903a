import { type ProcessIdentity, processStartTime } from '#common/servers/process-identity';
import { SupervisedService } from './supervised-service';
import type { Plan } from './service-spec';
import { readState, type SystemState, writeState } from './state';

const ROTATE_EVERY_MS = 10_000;

/** Starts everything of a plan in stages, keeps it alive, and writes down what runs. */
export class Supervisor {
  private readonly services: readonly SupervisedService[];
  private readonly me: ProcessIdentity;
  private readonly former: SystemState | null;
  private rotation: NodeJS.Timeout | undefined;

  constructor(private readonly plan: Plan) {
    this.me = { pid: process.pid, startTime: processStartTime(process.pid) ?? '' };
    this.former = readState(plan.stateFile);
    this.services = plan.services.map(
      (spec) =>
        new SupervisedService(spec, () => {
          this.changed();
        }),
    );
  }

  start(): void {
    this.releaseNextStage();
    this.write();
    this.rotation = setInterval(() => {
      for (const service of this.services) service.rotateLog();
    }, ROTATE_EVERY_MS);
  }

  /** Lets go of everything; the processes live on. */
  leave(): void {
    clearInterval(this.rotation);
    for (const service of this.services) service.leave();
  }

  private changed(): void {
    // First of all: a process that we started stands on the disk before anything else can happen to us.
    this.write();
    this.releaseNextStage();
  }

  /** A stage is released when everybody of the stages before has been ready; those still alive are taken over at once. */
  private releaseNextStage(): void {
    const unready = this.services.filter((service) => !service.wasReady).map((service) => service.spec.stage);
    const stage = Math.min(...unready);
    for (const service of this.services) {
      const former = this.former?.services.find(({ name }) => name === service.spec.name);
      if (service.spec.stage <= stage || former?.process != null) service.release(former);
    }
  }

  private write(): void {
    writeState(this.plan.stateFile, {
      options: this.plan.options,
      supervisor: this.me,
      services: this.services.map((service) => service.state()),
      external: this.plan.external,
    });
  }
}
