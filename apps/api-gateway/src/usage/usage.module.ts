import { Module } from '@nestjs/common';
import { CsvExport } from './csv-export';
import { UsageController } from './usage.controller';

/** Reading the ledger over HTTP; usage-service has the answers. */
@Module({ controllers: [UsageController], providers: [CsvExport] })
export class UsageModule {}
