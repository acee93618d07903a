import { Bus } from '#common/bus';
import { databaseModule } from '#common/database';
import { PlatformModule } from '#common/platform.module';
import { Readiness } from '#common/readiness';
import { Module, type Type } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Settings } from './config';
import { Requests1700000000000 } from './database/1700000000000-requests';
import { PartitionsAndRollups1795245000000 } from './database/1795245000000-partitions-and-rollups';
import { DeadLetters } from './ledger/dead-letters';
import { LedgerRepository } from './ledger/ledger.repository';
import { LedgerService } from './ledger/ledger.service';
import { LedgerWriter } from './ledger/ledger-writer';
import { MonthPartitions } from './ledger/month-partitions';
import { ReportDatabase } from './reports/report-database';
import { RequestsController } from './reports/requests.controller';
import { RequestsRepository } from './reports/requests.repository';

/** The root module for these settings. */
export function usageServiceModule(settings: Settings): Type {
  @Module({
    imports: [
      PlatformModule.forRoot('usage-service', settings),
      databaseModule({
        url: settings.DATABASE_URL,
        schema: 'usage',
        entities: [],
        migrations: [Requests1700000000000, PartitionsAndRollups1795245000000],
      }),
    ],
    controllers: [RequestsController],
    providers: [
      MonthPartitions,
      LedgerRepository,
      { provide: ReportDatabase, useFactory: () => new ReportDatabase(settings.DATABASE_URL) },
      RequestsRepository,
      DeadLetters,
      LedgerWriter,
      {
        provide: LedgerService,
        inject: [Bus, LedgerWriter, Readiness, Logger],
        useFactory: (bus: Bus, writer: LedgerWriter, readiness: Readiness, logger: Logger) =>
          new LedgerService(bus, writer, settings.USAGE_STREAM_MAX_BYTES, readiness, logger),
      },
    ],
  })
  class UsageServiceModule {}
  return UsageServiceModule;
}
