import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Knows what this process still waits for. Parts register a check; the ready endpoint asks them all. */
@Injectable()
export class Readiness implements OnModuleDestroy {
  private readonly checks = new Map<string, () => boolean>();
  private stopping = false;

  /** @param name what an operator reads under `waitingFor` while `isUp` is false. */
  add(name: string, isUp: () => boolean): void {
    this.checks.set(name, isUp);
  }

  waitingFor(): string[] {
    if (this.stopping) return ['shutdown'];
    return [...this.checks].filter(([, isUp]) => !isUp()).map(([name]) => name);
  }

  /** The first thing that happens at SIGTERM: load balancers stop sending before streams are drained. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  get shuttingDown(): boolean {
    return this.stopping;
  }
}
