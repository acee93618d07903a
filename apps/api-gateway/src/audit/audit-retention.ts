import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { RetentionJob } from '#common/retention-job';
import { Logger } from 'nestjs-pino';
import { LessThan, Repository } from 'typeorm';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { AuditEntry } from '../database/audit-entry.entity';

/** Deletes audit entries past AUDIT_RETENTION_DAYS. */
@Injectable()
export class AuditRetention implements OnApplicationBootstrap, OnModuleDestroy {
  readonly job: RetentionJob;

  constructor(
    @InjectRepository(AuditEntry) entries: Repository<AuditEntry>,
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    logger: Logger,
  ) {
    const deleteBefore = async (limit: Date): Promise<number> => {
      const { affected } = await entries.delete({ createdAt: LessThan(limit) });
      return affected ?? 0;
    };
    this.job = new RetentionJob({ what: 'audit entries', days: config.AUDIT_RETENTION_DAYS, deleteBefore }, logger);
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  onModuleDestroy(): void {
    this.job.stop();
  }
}
