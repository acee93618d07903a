import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log';
import { AuditRetention } from './audit-retention';
import { AuditController } from './audit.controller';

/** What admins did: written by whoever does it, in the same transaction. */
@Global()
@Module({ controllers: [AuditController], providers: [AuditLog, AuditRetention], exports: [AuditLog] })
export class AuditModule {}
