import { TypeOrmModule } from '@nestjs/typeorm';
import type { DynamicModule, Type } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';

export interface DatabaseSettings {
  url: string;
  /** The service's own schema: tables, and the list of its migrations. */
  schema: string;
  entities: Type[];
  migrations: Type<MigrationInterface>[];
  /** Connections at most. */
  poolSize?: number;
  /** A statement that takes longer fails: for a service that must not hang on a Postgres that fell silent. */
  queryTimeoutMs?: number;
}

/**
 * TypeORM on one schema of the one database. Waits for a Postgres that starts late, makes the schema when it may, and
 * runs the migrations; never `synchronize`.
 */
export function databaseModule(settings: DatabaseSettings): DynamicModule {
  return TypeOrmModule.forRootAsync({
    useFactory: () => dataSourceOptions(settings),
    dataSourceFactory: () => connectDatabase(settings),
  });
}

/** One attempt, without Nest: for a service that must run while Postgres is away. Fails when Postgres does. */
export async function connectDatabase(settings: DatabaseSettings): Promise<DataSource> {
  await ensureSchema(settings);
  return new DataSource(dataSourceOptions(settings)).initialize();
}

export function dataSourceOptions(
  settings: DatabaseSettings,
): DataSourceOptions & { retryAttempts: number; retryDelay: number } {
  return {
    type: 'postgres',
    url: settings.url,
    schema: settings.schema,
    entities: settings.entities,
    migrations: settings.migrations,
    migrationsRun: true,
    migrationsTableName: 'migrations',
    poolSize: settings.poolSize ?? 5,
    extra: {
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      ...(settings.queryTimeoutMs === undefined ? {} : { query_timeout: settings.queryTimeoutMs }),
    },
    // A day: readiness says what is waited for; giving up would only make a crash loop of it.
    retryAttempts: 86_400,
    retryDelay: 1_000,
  };
}

/** In deployments the schema is there and the role may not create one; on an empty database the service makes it. */
async function ensureSchema(settings: DatabaseSettings): Promise<void> {
  const client = new Client({ connectionString: settings.url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM information_schema.schemata WHERE schema_name = $1', [
      settings.schema,
    ]);
    if (found.rowCount === 0)
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(settings.schema)}`);
  } finally {
    await client.end();
  }
}
