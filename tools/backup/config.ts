import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, count, parseConfig, variable } from '#common/config';
import { projectRoot } from '#common/project-root';
import { z } from 'zod';
import type { Servers } from './backup';

export const variables = {
  NATS_URL: variable(
    z
      .string()
      .regex(/^(nats|tls):\/\//, 'must begin with nats:// or tls://')
      .optional(),
    {
      describe: 'NATS, as a user that may copy and restore streams.',
      example: 'nats://backup:secret@127.0.0.1:4222',
      secret: true,
    },
  ),
  DATABASE_URL: variable(
    z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
      .optional(),
    {
      describe: 'Postgres, as a role that may replicate.',
      example: 'postgres://tandem_backup:secret@127.0.0.1:5432/tandem',
      secret: true,
    },
  ),
  BACKUP_AT: variable(
    z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day')
      .default('03:30'),
    { describe: 'When the daily backup is made, UTC.', example: '03:30' },
  ),
  BACKUP_KEEP_DAYS: variable(count.min(1).default(14), {
    describe: 'How long backups are kept, days.',
    example: '14',
  }),
};

type Env = Readonly<Record<string, string | undefined>>;

/** Of ./start both servers are found by themselves. @throws ConfigError */
export function loadSettings(environment: Env) {
  const { NATS_URL, DATABASE_URL, ...rest } = parseConfig(variables, environment);
  const own = NATS_URL === undefined || DATABASE_URL === undefined ? ownServers(environment) : null;
  return {
    ...rest,
    servers: { natsUrl: NATS_URL ?? own?.natsUrl ?? '', databaseUrl: DATABASE_URL ?? own?.databaseUrl ?? '' },
  };
}

/** Those that `./start` runs, with their passwords. @throws ConfigError when it runs none */
function ownServers(environment: Env): Servers {
  const home = environment['TANDEM_HOME'] ?? join(projectRoot(__dirname), '.tandem');
  try {
    const secrets = JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')) as Record<string, string>;
    const { services } = JSON.parse(readFileSync(join(home, 'run', 'state.json'), 'utf8')) as {
      services: { name: string; port: number }[];
    };
    const at = (name: string): string => `127.0.0.1:${services.find((service) => service.name === name)?.port ?? 0}`;
    return {
      natsUrl: `nats://tandem:${secrets['natsPassword'] ?? ''}@${at('nats-server')}`,
      databaseUrl: `postgres://postgres:${secrets['postgresPassword'] ?? ''}@${at('postgres')}/tandem`,
    };
  } catch {
    throw new ConfigError(
      `DATABASE_URL: no Tandem of ./start runs in ${home}; start it, or set NATS_URL and DATABASE_URL`,
    );
  }
}
