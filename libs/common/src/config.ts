import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * A variable of the environment: its schema with a sentence for `.env.sample` and an example for the error line. A secret
 * one may also be given as a file: NAME_FILE, its path.
 */
export function variable<T extends z.ZodType>(
  schema: T,
  about: { describe: string; example: string; secret?: boolean },
): T {
  return schema.meta({ description: about.describe, example: about.example, secret: about.secret ?? false });
}

export const port = z.coerce.number().int().min(0).max(65_535);
export const milliseconds = z.coerce.number().int().min(0).max(86_400_000);
export const count = z.coerce.number().int().min(0).max(1_000_000_000);
/** An unset and an empty variable mean the same in compose files and shells. */
export const optionalText = z.string().trim().optional();

/** What every service reads. Each app's `config.ts` adds its own to it. */
export const serviceVariables = {
  HOST: variable(z.string().default('127.0.0.1'), {
    describe: 'Address that the HTTP port of the service listens on.',
    example: '0.0.0.0',
  }),
  PORT: variable(port.default(0), { describe: 'HTTP port; 0 picks a free one.', example: '8081' }),
  NATS_URL: variable(
    z
      .string()
      .regex(/^(nats|tls):\/\//, 'must begin with nats:// or tls://')
      .default('nats://127.0.0.1:4222'),
    {
      describe: 'NATS server, with credentials in the URL.',
      example: 'nats://tandem:secret@127.0.0.1:4222',
      secret: true,
    },
  ),
  JETSTREAM_REPLICAS: variable(z.coerce.number().int().min(1).max(5).default(1), {
    describe: 'Servers of a NATS cluster that each keep a copy of the ledger and of the state: 3 on three servers.',
    example: '3',
  }),
  LOG_LEVEL: variable(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'), {
    describe: 'Lowest level that is logged.',
    example: 'debug',
  }),
  DRAIN_TIMEOUT_MS: variable(milliseconds.default(60_000), {
    describe: 'How long a stopping service lets its streams run on, in milliseconds.',
    example: '60000',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(z.url().optional(), {
    describe: 'OpenTelemetry collector (OTLP over HTTP); without it no traces are made.',
    example: 'http://127.0.0.1:4318',
  }),
} as const;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Parses the environment once, before the app starts, into a frozen object.
 * @throws ConfigError with one line: the variable, what is wrong, an example.
 */
export function parseConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const given = Object.fromEntries(
    Object.entries(shape).flatMap(([name, schema]) => {
      const value = isSecret(schema) ? secretOf(name, environment) : environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? 'configuration');
  const example = exampleOf(shape[name]);
  throw new ConfigError(
    `${name}: ${issue?.message ?? 'invalid'}${example === null ? '' : ` (example: ${name}=${example})`}`,
  );
}

/**
 * A secret's value: of the variable NAME, or the content of the file that NAME_FILE names, without the end of its last line.
 * @throws ConfigError when both are set, or the file cannot be read.
 */
export function secretOf(name: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const [value, file] = [environment[name], environment[`${name}_FILE`]];
  if (file === undefined || file === '') return value;
  if (value !== undefined && value !== '')
    throw new ConfigError(`${name}: is set twice, as ${name} and as ${name}_FILE; remove one`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${name}_FILE: cannot be read: ${reason} (example: ${name}_FILE=/run/secrets/name)`);
  }
}

/** `.env.sample` of one app: each variable with its sentence, commented out with its default or an example. */
export function envSample(title: string, shape: z.ZodRawShape): string {
  const lines = Object.entries(shape).map(([name, schema]) => {
    const about = (schema as z.ZodType).meta();
    const byFile = isSecret(schema) ? ` Or ${name}_FILE: a file with it.` : '';
    return `# ${about?.description ?? ''}${byFile}\n# ${name}=${exampleOf(schema) ?? ''}\n`;
  });
  return `# ---- ${title}\n${lines.join('\n')}`;
}

function isSecret(schema: unknown): boolean {
  return schema instanceof z.ZodType && schema.meta()?.['secret'] === true;
}

function exampleOf(schema: unknown): string | null {
  if (!(schema instanceof z.ZodType)) return null;
  const example = schema.meta()?.['example'];
  return typeof example === 'string' ? example : null;
}
