import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { isUUID } from 'class-validator';
import { Repository, type FindOptionsWhere } from 'typeorm';
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
    const key = await this.keys.save(this.keys.create(fields));
    return { key, secret };
  }

  /** @throws CodedError `not_found`, also for a key of somebody else */
  async update(actor: Actor, id: string, { name, ...limits }: UpdateKeyDto): Promise<ApiKey> {
    const where = owned(actor, id);
    const key = await this.keys.findOneBy(where);
    if (key === null) throw notFound();
    Object.assign(key, name === undefined ? {} : { name }, limitFields(limits));
    const saved = await this.keys.save(key);
    this.cache.announce({ kind: 'key', keyId: id });
    return saved;
  }

  /** @throws CodedError `not_found`, also for a key of somebody else */
  async remove(actor: Actor, id: string): Promise<void> {
    const { affected } = await this.keys.delete(owned(actor, id));
    if (affected !== 1) throw notFound();
    this.cache.announce({ kind: 'key', keyId: id });
  }
}

function owned(actor: Actor, id: string): FindOptionsWhere<ApiKey> {
  return actor.role === 'admin' ? { id } : { id, userId: actor.userId };
}

function notFound(): CodedError {
  return new CodedError('not_found', 'There is no key with this id.');
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
