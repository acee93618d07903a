import { parseConfig, serviceVariables, variable } from '#common/config';
import { USAGE_STREAM_BYTES } from '#common/usage-stream';
import { z } from 'zod';

export const variables = {
  ...serviceVariables,
  DATABASE_URL: variable(z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres://'), {
    describe: 'Postgres; the service keeps its tables in the schema `usage`.',
    example: 'postgres://tandem:secret@127.0.0.1:5432/tandem',
    secret: true,
  }),
  USAGE_STREAM_MAX_BYTES: variable(z.coerce.number().int().min(1_048_576).default(USAGE_STREAM_BYTES), {
    describe: 'Most bytes of usage events that wait while Postgres is away; past it new requests are refused.',
    example: '1073741824',
  }),
  RECONCILIATION_TOLERANCE_PERCENT: variable(z.coerce.number().min(0).max(100).default(1), {
    describe: 'A warning is logged when engine and ledger differ by more than this share of the tokens, percent.',
    example: '1',
  }),
  RECONCILIATION_TOLERANCE_TOKENS: variable(z.coerce.number().int().min(0).max(1_000_000_000).default(200), {
    describe: 'And by more than so many tokens: an engine works on for a moment when its client has left.',
    example: '200',
  }),
  USAGE_RETENTION_DAYS: variable(z.coerce.number().int().min(0).max(36_500).default(395), {
    describe:
      'How long rows of the ledger are kept, days; older months are dropped whole and their daily sums stay. 0: for ever.',
    example: '395',
  }),
} as const;

export type Settings = ReturnType<typeof loadSettings>;

/** @throws ConfigError */
export function loadSettings(environment: Readonly<Record<string, string | undefined>>) {
  return parseConfig(variables, environment);
}
