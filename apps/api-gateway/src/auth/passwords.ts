import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash, verify, type Options } from '@node-rs/argon2';

/** OWASP's second recommendation for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const ARGON2ID: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes and checks passwords. */
@Injectable()
export class Passwords {
  /** Compared with when there is no such account, so that the answer takes as long as for one that exists. */
  private readonly nobody = hash(randomBytes(32), ARGON2ID);

  hash(password: string): Promise<string> {
    return hash(password, ARGON2ID);
  }

  /** @param passwordHash null when there is no such account: takes the same time and answers false. */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    const matched = await verify(passwordHash ?? (await this.nobody), password);
    return passwordHash !== null && matched;
  }
}
