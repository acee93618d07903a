import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Actor } from '#contracts/access';
import { Logger } from 'nestjs-pino';
import { Repository, type EntityManager, type QueryDeepPartialEntity } from 'typeorm';
import { AuditEntry } from '../database/audit-entry.entity';
import { page, type Page } from '../http/page';
import type { AuditQueryDto } from './audit.dto';

/** What an action was done to. */
export interface AuditSubject {
  kind: string;
  id: string;
  /** What people call it; it is kept when the subject is gone. */
  name: string;
}

/** The record of what admins did, and of what guardrails found. */
@Injectable()
export class AuditLog {
  constructor(
    @InjectRepository(AuditEntry) private readonly entries: Repository<AuditEntry>,
    private readonly logger: Logger,
  ) {}

  /**
   * Records an admin's action in the transaction that does it: neither is there without the other. What people do with
   * what is their own is not recorded.
   * @param details what was set, without secrets
   */
  async record(
    manager: EntityManager,
    actor: Actor,
    action: string,
    subject: AuditSubject,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    if (actor.role !== 'admin') return;
    await manager.save(manager.create(AuditEntry, { ...entryOf(actor, action, subject), details }));
  }

  /** As `record`, of what is not in this database: settings in JetStream, and what guardrails found in a request. */
  async note(
    actor: Actor,
    action: string,
    subject: AuditSubject,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    await this.entries.insert({
      ...entryOf(actor, action, subject),
      details: details as QueryDeepPartialEntity<AuditEntry>['details'],
    } as QueryDeepPartialEntity<AuditEntry>);
  }

  /** As `note`, of what another service has done by now, and Postgres away does not undo: then the log alone says who did it. */
  async noteDone(
    actor: Actor,
    action: string,
    subject: AuditSubject,
    details?: Record<string, unknown>,
  ): Promise<void> {
    try {
      await this.note(actor, action, subject, details);
    } catch (error) {
      const { userId: user_id, keyId: key_id } = actor;
      const msg = 'what an admin did could not be written into the audit; it is done all the same';
      this.logger.warn({ msg, user_id, key_id, action, subject: subject.id, err: error });
    }
  }

  /** Newest first. */
  list({ actor, subject, action, ...part }: AuditQueryDto): Promise<Page<AuditEntry>> {
    const rows = this.entries.createQueryBuilder('entry');
    if (actor !== undefined) rows.andWhere('entry.actorId::text = :actor', { actor });
    if (subject !== undefined) rows.andWhere('entry.subjectId = :subject', { subject });
    if (action !== undefined) rows.andWhere('entry.action = :action', { action });
    return page(rows, part);
  }
}

function entryOf(actor: Actor, action: string, subject: AuditSubject) {
  return {
    actorId: actor.userId,
    actorEmail: actor.email,
    actorKeyId: actor.keyId,
    action,
    subjectKind: subject.kind,
    subjectId: subject.id,
    subjectName: subject.name,
  };
}
