import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CodedError } from '#contracts/errors';
import { Not, Repository, type EntityManager } from 'typeorm';
import { AccessCache } from '../auth/access-cache';
import { Passwords } from '../auth/passwords';
import { RefreshTokens } from '../auth/refresh-tokens';
import { isUniqueViolation } from '../database/database-errors';
import { User } from '../database/user.entity';
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
  ) {}

  list(query: PageQueryDto): Promise<Page<User>> {
    return page(this.users.createQueryBuilder('user'), query);
  }

  /** @throws CodedError `not_found` */
  async get(id: string): Promise<User> {
    return found(await this.users.findOneBy({ id }));
  }

  /** @throws CodedError `conflict` when the e-mail is taken. */
  async create({ email, password, role = 'user', disabled = false }: CreateUserDto): Promise<User> {
    const passwordHash = await this.passwords.hash(password);
    const user = this.users.create({ email: email.toLowerCase(), passwordHash, role, disabled });
    return withoutHash(await unlessTaken(this.users.save(user)));
  }

  /** @throws CodedError `not_found`, `conflict` */
  async update(id: string, change: UpdateUserDto): Promise<User> {
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
      return unlessTaken(manager.save(user));
    });
    return withoutHash(updated);
  }

  /** Its keys and sessions go with it. @throws CodedError `not_found`, `conflict` */
  async remove(id: string): Promise<void> {
    await this.changing(id, async (manager, user) => {
      await keepAnAdmin(manager, user);
      return manager.remove(user);
    });
  }

  private async changing(id: string, change: (manager: EntityManager, user: User) => Promise<User>): Promise<User> {
    const changed = await this.users.manager.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMINS_LOCK]);
      return change(manager, found(await manager.findOneBy(User, { id })));
    });
    this.cache.announce({ kind: 'user', userId: id });
    return changed;
  }
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
