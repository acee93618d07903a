import { z } from 'zod';
import { count, optionalText, parseConfig, port, serviceVariables, variable } from '#common/config';

const atLeastOne = z.coerce.number().int().min(1).max(1_000_000_000);
const bodyBytes = z.coerce
  .number()
  .int()
  .min(1_024)
  // Below NATS's max_payload (8 MiB in every deployment of ours), with room for the head of the message.
  .max(7 * 1024 * 1024);
const timeoutMs = z.coerce.number().int().min(100).max(600_000);

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** Everything that the gateway reads from its environment. */
export const gatewayVariables = {
  ...serviceVariables,
  PORT: variable(port.default(8_080), { describe: 'Public HTTP port of the gateway.', example: '8080' }),
  NODE_ENV: variable(z.enum(['production', 'development', 'test']).optional(), {
    describe: 'In production the API console is for admins only, unless SWAGGER says otherwise.',
    example: 'production',
  }),
  DATABASE_URL: variable(z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://'), {
    describe: 'Postgres, with credentials in the URL.',
    example: 'postgres://gateway:secret@127.0.0.1:5432/tandem',
    secret: true,
  }),
  JWT_SECRET: variable(z.string().min(32, 'must be 32 characters or more'), {
    describe: 'Secret that signs access tokens; the same for all gateways.',
    example: '$(openssl rand -hex 32)',
    secret: true,
  }),
  CORS_ORIGINS: variable(
    list.refine((origins) => origins.every(isOrigin), 'must be origins such as https://chat.example.org'),
    {
      describe: 'Web origins that may call the API from a browser, separated by commas. None by default.',
      example: 'https://chat.example.org,https://admin.example.org',
    },
  ),
  TRUSTED_PROXIES: variable(list, {
    describe: 'Addresses or CIDRs of reverse proxies whose X-Forwarded-* headers are believed. None by default.',
    example: '10.0.0.0/8,127.0.0.1',
  }),
  REDIS_URL: variable(
    z
      .string()
      .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
      .optional(),
    {
      describe: 'Redis that several gateways count their limits in; without it each counts in its own memory.',
      example: 'redis://:secret@127.0.0.1:6379/0',
      secret: true,
    },
  ),
  TANDEM_ADMIN_EMAIL: variable(z.email().default('admin@tandem.local'), {
    describe: 'E-mail of the admin that the first start makes.',
    example: 'admin@tandem.local',
  }),
  TANDEM_ADMIN_PASSWORD: variable(z.string().min(8, 'must be 8 characters or more').max(256).optional(), {
    describe: 'Password of that admin; generated when unset.',
    example: 'correct horse battery staple',
    secret: true,
  }),
  TANDEM_API_KEY: variable(
    z
      .string()
      .regex(/^[\x21-\x7e]{8,256}$/, 'must be 8 to 256 printable characters without spaces')
      .refine((key) => key.split('.').length !== 3, 'must not look like a JWT')
      .optional(),
    {
      describe: 'API key that the first start makes; generated when unset.',
      example: 'sk-tandem-0123456789abcdef',
      secret: true,
    },
  ),
  FIRST_START_FILE: variable(optionalText, {
    describe: 'File (mode 0600) for the credentials that the first start makes; without it they are printed once.',
    example: '/run/tandem/first-start.json',
  }),
  WEB_DIR: variable(optionalText, {
    describe: 'Folder of the built web UI; by default the one of this project, dist/web.',
    example: '/srv/tandem/web',
  }),
  SWAGGER: variable(z.enum(['public', 'admin']).optional(), {
    describe: 'Who may see /api/docs. Default: public, but admin when NODE_ENV is production.',
    example: 'admin',
  }),
  MAX_BODY_BYTES: variable(bodyBytes.default(4 * 1024 * 1024), {
    describe: 'Largest request body in bytes; 413 above it.',
    example: '4194304',
  }),
  HEADERS_TIMEOUT_MS: variable(timeoutMs.default(10_000), {
    describe: 'How long a client may take to send the head of a request, in milliseconds.',
    example: '10000',
  }),
  REQUEST_TIMEOUT_MS: variable(timeoutMs.default(30_000), {
    describe: 'How long a client may take to send a whole request; it does not limit the answer.',
    example: '30000',
  }),
  REQUESTS_PER_MINUTE: variable(atLeastOne.default(60_000), {
    describe: 'Requests a minute for a key or user without a limit of its own. Guards against a runaway loop.',
    example: '600',
  }),
  USER_TOKENS_PER_MINUTE: variable(atLeastOne.optional(), {
    describe:
      'Tokens a minute of one user, over all of their keys and sessions. Unset: no limit. Keys may have their own.',
    example: '100000',
  }),
  USER_CONCURRENT_REQUESTS: variable(atLeastOne.optional(), {
    describe: 'Requests of one user that may run or wait at once, over all of their keys. Unset: no limit.',
    example: '8',
  }),
  USER_MONTHLY_TOKENS: variable(z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(), {
    describe: 'Tokens of one user in a calendar month (UTC), over all of their keys. Unset: no limit.',
    example: '50000000',
  }),
  LOGIN_FAILURES: variable(atLeastOne.default(10), {
    describe: 'Failed logins for one account from one address in 15 minutes before more are refused.',
    example: '10',
  }),
  MAX_N: variable(atLeastOne.default(8), { describe: 'Highest `n` of a request.', example: '8' }),
  MAX_BEST_OF: variable(atLeastOne.default(8), { describe: 'Highest `best_of` of a request.', example: '8' }),
  MAX_LOGPROBS: variable(count.default(20), {
    describe: 'Highest `logprobs` or `top_logprobs` of a request.',
    example: '20',
  }),
  MAX_OUTPUT_TOKENS: variable(atLeastOne.default(131_072), {
    describe: 'Highest `max_tokens` or `max_completion_tokens` of a request.',
    example: '8192',
  }),
  MAX_MESSAGES: variable(atLeastOne.default(2_048), { describe: 'Most messages of one request.', example: '2048' }),
  // OpenAI allows 4 stops; vLLM clients use more.
  MAX_STOP: variable(count.default(16), { describe: 'Most stop sequences of one request.', example: '16' }),
  MAX_LOGIT_BIAS: variable(count.default(1_024), {
    describe: 'Most `logit_bias` entries of one request.',
    example: '1024',
  }),
  AUDIT_RETENTION_DAYS: variable(count.default(365), {
    describe: 'Days that the record of what admins did is kept; 0 keeps it for ever.',
    example: '365',
  }),
  SLOW_READER_BYTES: variable(atLeastOne.default(1024 * 1024), {
    describe: 'Bytes that are held for a client that reads more slowly than the engine writes; then it is cut.',
    example: '1048576',
  }),
} as const;

export type GatewayConfig = ReturnType<typeof loadConfig>;

/** Injection token of the frozen `GatewayConfig`. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');

/** @throws ConfigError with one line: the variable, what is wrong, an example. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>) {
  return parseConfig(gatewayVariables, environment);
}

/** Who may see the API console. */
export function swaggerAudience(config: GatewayConfig): 'public' | 'admin' {
  return config.SWAGGER ?? (config.NODE_ENV === 'production' ? 'admin' : 'public');
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
