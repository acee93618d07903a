import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { Not, Repository, type EntityManager } from 'typeorm';
import { AuditLog, type AuditSubject } from '../audit/audit-log';
import { AccessCache } from '../auth/access-cache';
import { Passwords } from '../auth/passwords';
import { RefreshTokens } from '../auth/refresh-tokens';
import { isUniqueViolation } from '#common/database-errors';
import { User } from '../database/user.entity';
import { given } from '../http/given';
import { page, type Page, type PageQueryDto } from '../http/page';
import type { CreateUserDto, UpdateUserDto } from './user.dto';

/** Serialises what could take away the last admin. Any number, the same in all gateways ("ADMN"). */
const ADMINS_LOCK = 0x41_44_4d_4e;

/** What an admin does with accounts. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: Passwords,
    private readonly refreshTokens: RefreshTokens,
    private readonly cache: AccessCache,
    private readonly audit: AuditLog,
  ) {}

  list(query: PageQueryDto): Promise<Page<User>> {
    return page(this.users.createQueryBuilder('user'), query);
  }

  /** @throws CodedError `not_found` */
  async get(id: string): Promise<User> {
    return found(await this.users.findOneBy({ id }));
  }

  /** @throws CodedError `conflict` when the e-mail is taken. */
  async create(actor: Actor, { email, password, role = 'user', disabled = false }: CreateUserDto): Promise<User> {
    const passwordHash = await this.passwords.hash(password);
    const user = this.users.create({ email: email.toLowerCase(), passwordHash, role, disabled });
    const made = await this.users.manager.transaction(async (manager) => {
      const saved = await unlessTaken(manager.save(user));
      await this.audit.record(manager, actor, 'user.created', subject(saved), { role, disabled });
      return saved;
    });
    return withoutHash(made);
  }

  /** @throws CodedError `not_found`, `conflict` */
  async update(actor: Actor, id: string, change: UpdateUserDto): Promise<User> {
    const passwordHash = change.password === undefined ? null : await this.passwords.hash(change.password);
    const updated = await this.changing(id, async (manager, user) => {
      if (change.role === 'user' || change.disabled === true) await keepAnAdmin(manager, user);
      const endsTokens =
        passwordHash !== null ||
        (change.role !== undefined && change.role !== user.role) ||
        (change.disabled !== undefined && change.disabled !== user.disabled);
      user.email = change.email?.toLowerCase() ?? user.email;
      user.role = change.role ?? user.role;
      user.disabled = change.disabled ?? user.disabled;
      if (passwordHash !== null) user.passwordHash = passwordHash;
      if (endsTokens) user.tokenVersion++;
      if (passwordHash !== null || user.disabled) await this.refreshTokens.endAll(manager, id);
      const saved = await unlessTaken(manager.save(user));
      // That the password was set, never what it is.
      const { password, ...shown } = given(change);
      const details = { ...shown, ...(password === undefined ? {} : { password: 'changed' }) };
      await this.audit.record(manager, actor, 'user.updated', subject(saved), details);
      return saved;
    });
    this.cache.announce({ kind: 'user', userId: id, ended: updated.disabled ? 'disabled' : undefined });
    return withoutHash(updated);
  }

  /** Its keys and sessions go with it. @throws CodedError `not_found`, `conflict` */
  async remove(actor: Actor, id: string): Promise<void> {
    await this.changing(id, async (manager, user) => {
      await keepAnAdmin(manager, user);
      await this.audit.record(manager, actor, 'user.deleted', subject(user), { role: user.role });
      return manager.remove(user);
    });
    this.cache.announce({ kind: 'user', userId: id, ended: 'deleted' });
  }

  private changing(id: string, change: (manager: EntityManager, user: User) => Promise<User>): Promise<User> {
    return this.users.manager.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMINS_LOCK]);
      return change(manager, found(await manager.findOneBy(User, { id })));
    });
  }
}

function subject({ id, email }: User): AuditSubject {
  return { kind: 'user', id, name: email };
}

/** @throws CodedError `conflict` when no other admin could sign in. */
async function keepAnAdmin(manager: EntityManager, user: User): Promise<void> {
  if (user.role !== 'admin' || user.disabled) return;
  const others = await manager.existsBy(User, { id: Not(user.id), role: 'admin', disabled: false });
  if (!others) throw new CodedError('conflict', 'This is the last admin. Make another admin first.');
}

/** @throws CodedError `not_found` */
function found(user: User | null): User {
  if (user === null) throw new CodedError('not_found', 'There is no user with this id.');
  return user;
}

async function unlessTaken(saved: Promise<User>): Promise<User> {
  try {
    return await saved;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new CodedError('conflict', 'There is already a user with this e-mail.', { param: 'email', cause: error });
  }
}

/** What was saved still carries its hash, which has no business further out. */
function withoutHash(user: User): User {
  user.passwordHash = '';
  return user;
}
