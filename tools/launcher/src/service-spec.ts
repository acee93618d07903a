import { z } from 'zod';
import { optionsSchema } from './state';

const specSchema = z.object({
  name: z.string(),
  /** Services of a later stage start when all of the earlier ones are ready for the first time. */
  stage: z.int(),
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  uid: z.int().optional(),
  gid: z.int().optional(),
  port: z.int(),
  health: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('http'), url: z.string() }),
    z.object({ kind: z.literal('postgres'), user: z.string(), database: z.string() }),
  ]),
  logFile: z.string(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
  stopTimeoutMs: z.number(),
});

/** One process to keep alive. */
export type ServiceSpec = z.output<typeof specSchema>;

export const planSchema = z.object({
  home: z.string(),
  stateFile: z.string(),
  options: optionsSchema,
  services: z.array(specSchema),
  external: z.array(z.object({ name: z.string(), host: z.string(), port: z.int() })),
});

/** Everything the supervisor is told, over a pipe: it holds secrets and never touches the disk. */
export type Plan = z.output<typeof planSchema>;

/** Stands in the environment of every process we start, with the home as its value: strays are found by it. */
export const HOME_MARK = 'LAUNCHED_BY_TANDEM';

/** The name of the service, for our own processes alone: model-manager hands no TANDEM_ variable on to an engine. */
export const SERVICE_MARK = 'TANDEM_SERVICE';

/** The supervisor's own name among the services. */
export const SUPERVISOR = 'supervisor';

const POSTGRES_MARK = 'tandem.home';

/** Postgres' setting of our own (it takes any with a dot), which stands on its command line as a mark. */
export function postgresMarkSetting(home: string): Record<string, string> {
  return { [POSTGRES_MARK]: home };
}

/** That setting as a word of the command line. */
export function postgresMark(home: string): string {
  return `${POSTGRES_MARK}=${home}`;
}
