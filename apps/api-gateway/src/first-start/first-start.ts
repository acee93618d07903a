import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { DataSource } from 'typeorm';
import { hashKey } from '../auth/access-cache';
import { Passwords } from '../auth/passwords';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { ApiKey } from '../database/api-key.entity';
import { User } from '../database/user.entity';
import { keyHint, newApiKey } from '../keys/secrets';

/** What the operator gets once. */
interface FirstCredentials {
  adminEmail: string;
  adminPassword: string;
  apiKey: string;
}

/** Any number: it only has to be the same in all gateways ("TAND"). */
const LOCK = 0x54_41_4e_44;

/** Makes the admin and one API key when the database has no user yet. Two gateways that start at once make one. */
@Injectable()
export class FirstStart implements OnApplicationBootstrap {
  constructor(
    private readonly database: DataSource,
    private readonly passwords: Passwords,
    private readonly logger: Logger,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const credentials: FirstCredentials = {
      adminEmail: this.config.TANDEM_ADMIN_EMAIL.toLowerCase(),
      adminPassword: this.config.TANDEM_ADMIN_PASSWORD ?? randomBytes(18).toString('base64url'),
      apiKey: this.config.TANDEM_API_KEY ?? newApiKey(),
    };
    if (await this.make(credentials)) this.logger.log('first start: made the admin and an API key');
  }

  private make(credentials: FirstCredentials): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      if (await manager.exists(User)) return false;
      const admin = await manager.save(
        manager.create(User, {
          email: credentials.adminEmail,
          passwordHash: await this.passwords.hash(credentials.adminPassword),
          role: 'admin',
        }),
      );
      await manager.insert(ApiKey, {
        userId: admin.id,
        name: 'First key',
        keyHash: hashKey(credentials.apiKey),
        hint: keyHint(credentials.apiKey),
      });
      // Before the commit: an account whose password nobody ever saw would lock everybody out.
      await this.tell(credentials);
      return true;
    });
  }

  private async tell(credentials: FirstCredentials): Promise<void> {
    const file = this.config.FIRST_START_FILE;
    if (file === undefined) {
      process.stdout.write(
        `\nTandem's first start. These are shown once:\n  admin     ${credentials.adminEmail}\n` +
          `  password  ${credentials.adminPassword}\n  API key   ${credentials.apiKey}\n\n`,
      );
      return;
    }
    const temporary = `${file}.${process.pid}`;
    await rm(temporary, { force: true }); // a left-over would keep its own mode
    await writeFile(temporary, `${JSON.stringify(credentials)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  }
}
