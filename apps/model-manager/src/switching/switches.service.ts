import { Bus } from '#common/bus';
import type { Switch, SwitchListQuery, SwitchPage } from '#contracts/switching';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { KeptDocuments } from './kept-documents';
import { SwitchHistory } from './switch-history';

const BUCKET = 'models-switches';

/** What was switched, and how it went. */
@Injectable()
export class SwitchesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly history = new SwitchHistory();
  private readonly kept: KeptDocuments;

  constructor(bus: Bus, logger: Logger) {
    this.kept = new KeptDocuments(bus, BUCKET, logger);
  }

  onApplicationBootstrap(): void {
    void this.readHistory();
  }

  onModuleDestroy(): void {
    this.kept.end();
  }

  list(query: SwitchListQuery): SwitchPage {
    return this.history.page(query);
  }

  /** @throws CodedError `not_found` */
  get(id: string): Switch {
    return this.history.get(id);
  }

  private async readHistory(): Promise<void> {
    for (const one of (await this.kept.read()).values()) this.history.put(one as Switch);
  }
}
