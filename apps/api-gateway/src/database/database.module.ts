import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseModule } from '#common/database';
import { ApiKey } from './api-key.entity';
import { AuditEntry } from './audit-entry.entity';
import { Access1700000000000 } from './migrations/1700000000000-access';
import { Audit1700000100000 } from './migrations/1700000100000-audit';
import { KeyChunks1795280000000 } from './migrations/1795280000000-key-chunks';
import { RefreshToken } from './refresh-token.entity';
import { User } from './user.entity';

const entities = [User, ApiKey, RefreshToken, AuditEntry];

/** The gateway's schema: users, keys, refresh tokens. */
@Global()
@Module({})
export class GatewayDatabaseModule {
  static forRoot(url: string): DynamicModule {
    const repositories = TypeOrmModule.forFeature(entities);
    return {
      module: GatewayDatabaseModule,
      imports: [
        databaseModule({
          url,
          schema: 'gateway',
          entities,
          migrations: [Access1700000000000, Audit1700000100000, KeyChunks1795280000000],
          queryTimeoutMs: 10_000,
        }),
        repositories,
      ],
      exports: [repositories],
    };
  }
}
