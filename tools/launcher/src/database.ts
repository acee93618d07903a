import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  clusterFolder,
  ensureCluster,
  type PostgresPrograms,
  postgresPrograms,
  postgresUser,
  runSingleUser,
  type UnixUser,
} from '#common/servers/postgres-server';
import type { Home } from './home';
import type { Secrets } from './secrets';
import { plainReason, Trouble } from './trouble';

const DATABASE = 'tandem';
const SUPERUSER = 'postgres';

/** A cluster that is ready to be served. */
export interface Database {
  readonly programs: PostgresPrograms;
  readonly user: UnixUser | null;
  readonly dataDir: string;
}

export const databaseProbe = { user: SUPERUSER, database: DATABASE };

/** Each service's own role and schema, with the secret that is its password. */
const SERVICES = [
  { role: 'tandem_gateway', schema: 'gateway', secret: 'gatewayDatabasePassword' },
  { role: 'tandem_usage', schema: 'usage', secret: 'usageDatabasePassword' },
  { role: 'tandem_chat', schema: 'chat', secret: 'chatDatabasePassword' },
] as const;

export type ServiceSchema = (typeof SERVICES)[number]['schema'];

/**
 * Makes the cluster where there is none, and its roles and schemas as they must be.
 * @param isRunning its server runs already: then nothing is touched
 */
export async function prepareDatabase(
  home: Home,
  secrets: Secrets,
  isRunning: boolean,
  log: (line: string) => void,
): Promise<Database> {
  try {
    const user = postgresUser();
    const programs = postgresPrograms(user);
    const folder = clusterFolder(home.postgresDir, `postgres-${secrets.homeId.slice(0, 16)}`, user);
    const database = { programs, user, dataDir: join(folder, 'data') };
    if (isRunning) return database;
    if (folder !== home.postgresDir) {
      log(`database: ${home.postgresDir} is closed to the user that Postgres runs as; it lies in ${folder}`);
    }
    if (!existsSync(database.dataDir)) log('database: making a new one');
    await ensureCluster({ ...database, superuser: SUPERUSER, password: secrets.postgresPassword, database: DATABASE });
    await provision(database, join(folder, 'provisioned'), secrets);
    return database;
  } catch (error) {
    throw new Trouble(`the database cannot be made: ${plainReason(error)}`);
  }
}

/** Runs the statements when they are not those that ran last; a stamp beside the data remembers them by their hash. */
async function provision(database: Database, stampFile: string, secrets: Secrets): Promise<void> {
  const everywhere = clusterStatements(secrets);
  const inside = schemaStatements();
  const stamp = createHash('sha256')
    .update(JSON.stringify([everywhere, inside]))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  await runSingleUser(database, 'postgres', everywhere);
  await runSingleUser(database, DATABASE, inside);
  writeFileSync(stampFile, stamp);
}

/** May run again and again. Nobody but its owner sees a schema, and no role has a database beyond this one. */
function clusterStatements(secrets: Secrets): string[] {
  const roles = SERVICES.flatMap(({ role, secret }) => [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role}; END IF; END $$`,
    `ALTER ROLE ${role} LOGIN PASSWORD '${secrets[secret]}'`,
    `GRANT CONNECT ON DATABASE ${DATABASE} TO ${role}`,
  ]);
  return [
    `ALTER ROLE ${SUPERUSER} PASSWORD '${secrets.postgresPassword}'`,
    `REVOKE ALL ON DATABASE ${DATABASE}, postgres, template1 FROM PUBLIC`,
    ...roles,
  ];
}

function schemaStatements(): string[] {
  return [
    'REVOKE ALL ON SCHEMA public FROM PUBLIC',
    ...SERVICES.map(({ role, schema }) => `CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${role}`),
  ];
}

/** The URL of the service whose schema it is. */
export function databaseUrl(schema: ServiceSchema, port: number, secrets: Secrets): string {
  const service = SERVICES.find((candidate) => candidate.schema === schema);
  if (service === undefined) throw new Error(`no role owns the schema ${schema}`);
  return `postgres://${service.role}:${secrets[service.secret]}@127.0.0.1:${port}/${DATABASE}`;
}
