import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { isUUID } from 'class-validator';
import { Repository, type EntityManager } from 'typeorm';
import { AuditLog, type AuditSubject } from '../audit/audit-log';
import { AccessCache, hashKey } from '../auth/access-cache';
import { ApiKey } from '../database/api-key.entity';
import { given } from '../http/given';
import { page, type Page } from '../http/page';
import type { CreateKeyDto, KeysQueryDto, UpdateKeyDto } from './key.dto';
import { keyHint, newApiKey } from './secrets';

/** API keys: people have their own, admins all. */
@Injectable()
export class KeysService {
  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    private readonly cache: AccessCache,
    private readonly audit: AuditLog,
  ) {}

  list(actor: Actor, query: KeysQueryDto): Promise<Page<ApiKey>> {
    const { user, ...part } = query;
    if (user !== undefined && !isUUID(user)) return Promise.resolve({ items: [], nextCursor: null });
    const rows = this.keys.createQueryBuilder('key');
    if (actor.role !== 'admin') rows.andWhere('key.userId = :owner', { owner: actor.userId });
    if (user !== undefined) rows.andWhere('key.userId = :user', { user });
    return page(rows, part);
  }

  /** The secret is in this answer and nowhere else. */
  async create(actor: Actor, { name, ...limits }: CreateKeyDto): Promise<{ key: ApiKey; secret: string }> {
    const secret = newApiKey();
    const fields = {
      name,
      ...limitFields(limits),
      userId: actor.userId,
      keyHash: hashKey(secret),
      hint: keyHint(secret),
    };
    const key = await this.keys.manager.transaction(async (manager) => {
      const saved = await manager.save(this.keys.create(fields));
      await this.audit.record(manager, actor, 'key.created', subject(saved), limitFields(limits));
      return saved;
    });
    return { key, secret };
  }

  /** @throws CodedError `not_found`, also for a key of somebody else */
  async update(actor: Actor, id: string, { name, ...limits }: UpdateKeyDto): Promise<ApiKey> {
    const change = { ...(name === undefined ? {} : { name }), ...limitFields(limits) };
    const saved = await this.keys.manager.transaction(async (manager) => {
      const key = await ownKey(manager, actor, id);
      await manager.save(Object.assign(key, change));
      await this.audit.record(manager, actor, 'key.updated', subject(key), change);
      return key;
    });
    this.cache.announce({ kind: 'key', keyId: id });
    return saved;
  }

  /** @throws CodedError `not_found`, also for a key of somebody else */
  async remove(actor: Actor, id: string): Promise<void> {
    await this.keys.manager.transaction(async (manager) => {
      const key = await ownKey(manager, actor, id);
      await this.audit.record(manager, actor, 'key.deleted', subject(key), { userId: key.userId });
      await manager.remove(key);
    });
    this.cache.announce({ kind: 'key', keyId: id, ended: 'deleted' });
  }
}

/** The key, held until the transaction ends. @throws CodedError `not_found`, also for a key of somebody else. */
async function ownKey(manager: EntityManager, actor: Actor, id: string): Promise<ApiKey> {
  const where = actor.role === 'admin' ? { id } : { id, userId: actor.userId };
  const key = await manager.findOne(ApiKey, { where, lock: { mode: 'pessimistic_write' } });
  if (key === null) throw new CodedError('not_found', 'There is no key with this id.');
  return key;
}

function subject({ id, name }: ApiKey): AuditSubject {
  return { kind: 'key', id, name };
}

/** The limits that were given; those that were left out stay as they are. */
function limitFields(limits: Omit<UpdateKeyDto, 'name'>): Partial<ApiKey> {
  const { expiresAt, ...rest } = given(limits);
  if (expiresAt === undefined) return rest;
  return { ...rest, expiresAt: expiresAt === null ? null : instant(expiresAt) };
}

/** @throws CodedError `invalid_value` for an offset that no clock has, such as +99:99. */
function instant(text: string): Date {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new CodedError('invalid_value', "Invalid 'expiresAt': there is no such time.", { param: 'expiresAt' });
}
