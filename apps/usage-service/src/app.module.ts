import { Bus } from '#common/bus';
import { databaseModule } from '#common/database';
import { PlatformModule } from '#common/platform.module';
import { Readiness } from '#common/readiness';
import { Module, type Type } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Settings } from './config';
import { Requests1700000000000 } from './database/1700000000000-requests';
import { PartitionsAndRollups1795245000000 } from './database/1795245000000-partitions-and-rollups';
import { CountWrites1795248000000 } from './database/1795248000000-count-writes';
import { EmptyDurations1795250000000 } from './database/1795250000000-empty-durations';
import { RoomForUpdates1795260000000 } from './database/1795260000000-room-for-updates';
import { TriedEngines1795270000000 } from './database/1795270000000-tried-engines';
import { EndsPutRight1795280000000 } from './database/1795280000000-ends-put-right';
import { ExportRepository } from './export/export.repository';
import { ExportController } from './export/export.controller';
import { DeadLetters } from './ledger/dead-letters';
import { DeadLettersController } from './ledger/dead-letters.controller';
import { LedgerRepository } from './ledger/ledger.repository';
import { LedgerService } from './ledger/ledger.service';
import { LedgerWriter } from './ledger/ledger-writer';
import { MonthPartitions } from './ledger/month-partitions';
import { ReportDatabase } from './reports/report-database';
import { OrphanCloser } from './ledger/orphan-closer';
import { OwnerWatch } from './ledger/owner-watch';
import { RequestsController } from './reports/requests.controller';
import { RequestsRepository } from './reports/requests.repository';
import { ReconciliationRepository } from './reconciliation/reconciliation.repository';
import { ReconciliationService } from './reconciliation/reconciliation.service';
import { DayRollups } from './retention/day-rollups';
import { RemovedUsers } from './retention/removed-users';
import { RetentionService } from './retention/retention.service';
import { DataSource } from 'typeorm';
import { SummaryController } from './summary/summary.controller';
import { SummaryRepository } from './summary/summary.repository';
import { SpentController } from './reports/spent.controller';

/** The root module for these settings. */
export function usageServiceModule(settings: Settings): Type {
  @Module({
    imports: [
      PlatformModule.forRoot('usage-service', settings),
      databaseModule({
        url: settings.DATABASE_URL,
        schema: 'usage',
        entities: [],
        migrations: [
          Requests1700000000000,
          PartitionsAndRollups1795245000000,
          CountWrites1795248000000,
          EmptyDurations1795250000000,
          RoomForUpdates1795260000000,
          TriedEngines1795270000000,
          EndsPutRight1795280000000,
        ],
      }),
    ],
    controllers: [SpentController, RequestsController, SummaryController, ExportController, DeadLettersController],
    providers: [
      MonthPartitions,
      LedgerRepository,
      { provide: ReportDatabase, useFactory: () => new ReportDatabase(settings.DATABASE_URL) },
      RequestsRepository,
      SummaryRepository,
      ExportRepository,
      DeadLetters,
      LedgerWriter,
      OwnerWatch,
      OrphanCloser,
      ReconciliationRepository,
      {
        provide: ReconciliationService,
        inject: [Bus, ReconciliationRepository, Logger],
        useFactory: (bus: Bus, repository: ReconciliationRepository, logger: Logger) => {
          const percent = settings.RECONCILIATION_TOLERANCE_PERCENT;
          const tokens = settings.RECONCILIATION_TOLERANCE_TOKENS;
          return new ReconciliationService(bus, repository, { percent, tokens }, logger);
        },
      },
      DayRollups,
      RemovedUsers,
      {
        provide: RetentionService,
        inject: [DataSource, MonthPartitions, DayRollups, RemovedUsers, Logger],
        useFactory: (
          database: DataSource,
          months: MonthPartitions,
          rollups: DayRollups,
          removedUsers: RemovedUsers,
          logger: Logger,
        ) => new RetentionService(database, months, rollups, removedUsers, settings.USAGE_RETENTION_DAYS, logger),
      },
      {
        provide: LedgerService,
        inject: [Bus, LedgerWriter, DeadLetters, Readiness, Logger],
        useFactory: (bus: Bus, writer: LedgerWriter, deadLetters: DeadLetters, readiness: Readiness, logger: Logger) =>
          new LedgerService(bus, writer, deadLetters, settings.USAGE_STREAM_MAX_BYTES, readiness, logger),
      },
    ],
  })
  class UsageServiceModule {}
  return UsageServiceModule;
}
