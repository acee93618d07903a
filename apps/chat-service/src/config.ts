import { join } from 'node:path';
import { z } from 'zod';
import {
  ConfigError,
  count,
  milliseconds,
  optionalText,
  parseConfig,
  serviceVariables,
  variable,
} from '#common/config';
import { projectRoot } from '#common/project-root';

export const chatVariables = {
  ...serviceVariables,
  DATABASE_URL: variable(z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://'), {
    describe: 'Postgres; the service keeps conversations in the schema `chat`. Tokens flow while it is away.',
    example: 'postgres://tandem:secret@127.0.0.1:5432/tandem',
    secret: true,
  }),
  FIRST_TOKEN_TIMEOUT_MS: variable(milliseconds.default(120_000), {
    describe: 'Longest wait for the first token of an answer, milliseconds (error first_token_timeout).',
    example: '120000',
  }),
  BETWEEN_TOKENS_TIMEOUT_MS: variable(milliseconds.default(60_000), {
    describe: 'Longest silence between two tokens, milliseconds (error between_tokens_timeout).',
    example: '60000',
  }),
  REQUEST_DEADLINE_MS: variable(milliseconds.default(1_800_000), {
    describe: 'Longest life of a whole request, milliseconds (error request_deadline_exceeded).',
    example: '1800000',
  }),
  FRAME_WINDOW_MS: variable(z.coerce.number().int().min(0).max(8).default(8), {
    describe:
      'Under many streams, how long token frames are gathered into one message, milliseconds (0 to 8). The first token never waits.',
    example: '8',
  }),
  MAX_IN_FLIGHT: variable(count.default(4_096), {
    describe: 'Requests that one chat-service holds at once, running and waiting; more are refused with 429.',
    example: '4096',
  }),
  MAX_WAITING: variable(count.default(2_000), {
    describe: 'Requests that wait in one chat-service for an engine, at most; more are refused with 429.',
    example: '2000',
  }),
  // Longer than the load of a 14B model takes, so that requests outlive a switch of models.
  QUEUE_DEADLINE_MS: variable(milliseconds.min(100).default(180_000), {
    describe: 'Longest wait for an engine that is busy or loading, milliseconds (error queue_deadline_exceeded).',
    example: '180000',
  }),
  ENGINE_MAX_SEQUENCES: variable(count.min(1).optional(), {
    describe:
      'Sequences (choices) that all chat-services together run on one engine at once; the rest waits. Unset: what the engine announces (maxNumSeqs of its profile).',
    example: '64',
  }),
  // An event travels in one NATS message, and max_payload is 8 MiB in every deployment of ours.
  MAX_EVENT_BYTES: variable(count.max(7 * 1024 * 1024).default(4 * 1024 * 1024), {
    describe: 'Largest single SSE event that an engine may send, bytes.',
    example: '4194304',
  }),
  MAX_ANSWER_BYTES: variable(count.default(64 * 1024 * 1024), {
    describe: 'Largest answer to a request that does not stream, bytes.',
    example: '67108864',
  }),
  CHECKPOINT_EVERY_MS: variable(milliseconds.min(250).default(2_000), {
    describe:
      'How often the ledger hears of a long stream, milliseconds: what a request that is cut by a crash is known to have used.',
    example: '2000',
  }),
  CONVERSATION_RETENTION_DAYS: variable(count.default(0), {
    describe: 'Days after its last use that a conversation is deleted; 0 keeps conversations for ever.',
    example: '365',
  }),
  MODELS_DIR: variable(optionalText, {
    describe: 'Folder of facts about models, in which the code assistant finds their fill-in-the-middle tokens.',
    example: 'models',
  }),
  CODE_PROMPTS_DIR: variable(optionalText, {
    describe: 'Folder of the prompt templates of the code assistant.',
    example: 'prompts/code',
  }),
  HINT_PROMPTS_DIR: variable(optionalText, {
    describe: 'Folder of the prompt templates and texts of hints.',
    example: 'prompts/hints',
  }),
  HINT_API_ALLOWED_HOSTS: variable(optionalText, {
    describe:
      "Hosts (or host:port, separated by commas) in this installation's own networks, or without TLS, that an admin may name as the server for hints. Any other has to be on the internet, by https.",
    example: 'ollama.lan:11434,10.0.0.5:8000',
  }),
  SETTINGS_ENCRYPTION_KEY: variable(
    z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits (32 bytes)')
      .transform((digits) => Buffer.from(digits, 'hex'))
      .optional(),
    {
      describe:
        'Encrypts the keys of other servers that admins store (AES-256-GCM); the same for all chat-services. Unset: none can be stored.',
      example: '$(openssl rand -hex 32)',
      secret: true,
    },
  ),
  CODE_CHUNK_CHARS: variable(count.min(1).max(4_096).default(12), {
    describe: 'The code assistant sends a chunk as soon as it has so many characters.',
    example: '12',
  }),
  CODE_CHUNK_DELAY_MS: variable(milliseconds.max(1_000).default(50), {
    describe: 'The code assistant gathers characters for a chunk at most so long, milliseconds.',
    example: '50',
  }),
  FALLBACK_URL: variable(z.url({ protocol: /^https?$/ }).optional(), {
    describe:
      'Another OpenAI-compatible server, which answers requests to the code assistant (and chats, see FALLBACK_CHAT) while no engine of this installation does. What is asked leaves the installation then. Unset: such requests get 503.',
    example: 'https://llm.example.com/v1',
  }),
  FALLBACK_MODEL: variable(optionalText, { describe: 'The model to ask FALLBACK_URL for.', example: 'gpt-4.1-mini' }),
  FALLBACK_API_KEY: variable(optionalText, { describe: 'The key for FALLBACK_URL.', example: 'sk-...', secret: true }),
  FALLBACK_MAX_CONCURRENT: variable(count.min(1).default(8), {
    describe: 'Requests that run on FALLBACK_URL at once; the rest waits.',
    example: '8',
  }),
  FALLBACK_CHAT: variable(z.enum(['nobody', 'admins', 'everybody']).default('nobody'), {
    describe:
      'Whose chats FALLBACK_URL may answer too, when no engine of this installation will: nobody, admins or everybody. Never those of a key that is limited to some models.',
    example: 'nobody',
  }),
  RESPONSE_CACHE: variable(z.enum(['off', 'memory', 'redis']).default('off'), {
    describe:
      'Keeps answers that an engine would give again (temperature 0 or a seed), or that a client lets be kept (x-tandem-cache: use). redis: in REDIS_URL, for all chat-services.',
    example: 'memory',
  }),
  RESPONSE_CACHE_TTL_S: variable(z.coerce.number().int().min(1).max(2_592_000).default(3_600), {
    describe: 'How long an answer is kept, seconds.',
    example: '3600',
  }),
  RESPONSE_CACHE_BYTES: variable(z.coerce.number().int().min(65_536).max(4_294_967_296).default(67_108_864), {
    describe: 'Memory for kept answers in each chat-service, bytes; one answer may have an eighth of it.',
    example: '67108864',
  }),
  RESPONSE_CACHE_SHARED: variable(z.enum(['true', 'false']).default('false'), {
    describe: "Whether a user may be given the answer to another user's equal request.",
    example: 'false',
  }),
  REDIS_URL: variable(
    z
      .string()
      .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
      .optional(),
    { describe: 'Redis for RESPONSE_CACHE=redis.', example: 'redis://:secret@127.0.0.1:6379/0', secret: true },
  ),
  PROMPT_SAMPLE_RATE: variable(z.coerce.number().min(0).max(1).default(0), {
    describe: 'Share of prompts that is written into the log (0 to 1), with personal data masked. 0: none.',
    example: '0.01',
  }),
  LEDGER_TIMEOUT_MS: variable(milliseconds.default(5_000), {
    describe: 'How long a request waits for the ledger to take its start before it is refused, milliseconds.',
    example: '5000',
  }),
} as const;

export type ChatConfig = ReturnType<typeof loadChatConfig>;
export const CHAT_CONFIG = Symbol('CHAT_CONFIG');

export function loadChatConfig(environment: Readonly<Record<string, string | undefined>>) {
  const parsed = parseConfig(chatVariables, environment);
  if (parsed.RESPONSE_CACHE === 'redis' && parsed.REDIS_URL === undefined)
    throw new ConfigError(
      'REDIS_URL: is needed with RESPONSE_CACHE=redis (example: REDIS_URL=redis://127.0.0.1:6379/0)',
    );
  const root = projectRoot(__dirname);
  return Object.freeze({
    ...parsed,
    modelsDirectory: parsed.MODELS_DIR ?? join(root, 'models'),
    fallback: fallbackOf(parsed),
    codePromptsDirectory: parsed.CODE_PROMPTS_DIR ?? join(root, 'prompts', 'code'),
    hintPromptsDirectory: parsed.HINT_PROMPTS_DIR ?? join(root, 'prompts', 'hints'),
    hintApiAllowedHosts: (parsed.HINT_API_ALLOWED_HOSTS ?? '')
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  });
}

/** Another server that may answer where no engine of this installation does. */
export interface FallbackConfig {
  /** Without `/v1`. */
  url: string;
  model: string;
  apiKey: string | null;
  maxConcurrent: number;
}

function fallbackOf(given: {
  FALLBACK_URL?: string | undefined;
  FALLBACK_MODEL?: string | undefined;
  FALLBACK_API_KEY?: string | undefined;
  FALLBACK_MAX_CONCURRENT: number;
  FALLBACK_CHAT: 'nobody' | 'admins' | 'everybody';
}): FallbackConfig | null {
  const { FALLBACK_URL: url, FALLBACK_MODEL: model, FALLBACK_API_KEY: apiKey } = given;
  if (url === undefined) {
    if (given.FALLBACK_CHAT === 'nobody') return null;
    throw new ConfigError('FALLBACK_CHAT: needs FALLBACK_URL (example: FALLBACK_URL=https://llm.example.com/v1)');
  }
  if (model === undefined || model === '')
    throw new ConfigError('FALLBACK_MODEL: is needed with FALLBACK_URL (example: FALLBACK_MODEL=gpt-4.1-mini)');
  const base = url.replace(/\/+$/, '').replace(/\/v1$/, '');
  if (new URL(base).pathname !== '/')
    throw new ConfigError('FALLBACK_URL: has a path other than /v1 (example: FALLBACK_URL=https://llm.example.com/v1)');
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey))
    throw new ConfigError('FALLBACK_API_KEY: holds characters that no header takes (example: FALLBACK_API_KEY=sk-...)');
  return { url: base, model, apiKey: apiKey ?? null, maxConcurrent: given.FALLBACK_MAX_CONCURRENT };
}
