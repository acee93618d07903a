import { Module } from '@nestjs/common';
import { UsageController } from './usage.controller';

/** Reading the ledger over HTTP; usage-service has the answers. */
@Module({ controllers: [UsageController] })
export class UsageModule {}
