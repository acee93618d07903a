import { VOCABULARY_SIZE } from '#testing/simulated-tokens';
import { badRequest } from './api-error';
import type { FieldReader } from './fields';
import { pyFloat, pyRepr } from './python';

/** What chat and completion requests share, read and verified. */
export interface Sampling {
  readonly n: number;
  /** Null: as long as the answer naturally is. */
  readonly maxTokens: number | null;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly seed: number | null;
  readonly stop: readonly string[];
  readonly includeStop: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly returnTokenIds: boolean;
}

/** VLLM_MAX_N_SEQUENCES of 0.32.0. */
const MAX_N = 16_384;
/** vLLM takes a temperature below this for greedy. */
const GREEDY_BELOW = 1e-5;

interface RawSampling {
  readonly n: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly repetitionPenalty: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly maxTokens: number | null;
  readonly minTokens: number;
  readonly stop: readonly string[];
  readonly badWords: readonly unknown[];
  readonly logitBias: Readonly<Record<string, unknown>>;
  readonly allowedTokenIds: readonly unknown[] | null;
}

/** Checks in the order of SamplingParams (vllm/sampling_params.py), with its words. */
function verify(raw: RawSampling): void {
  const { n, temperature, topP, maxTokens, minTokens } = raw;
  if (n < 1) throw badRequest(`n must be at least 1, got ${n}.`);
  if (n > MAX_N) {
    const advice = 'To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable.';
    throw badRequest(`n must be at most ${MAX_N}, got ${n}. ${advice}`);
  }
  for (const [name, value] of [
    ['presence_penalty', raw.presencePenalty],
    ['frequency_penalty', raw.frequencyPenalty],
  ] as const) {
    if (!(value >= -2 && value <= 2)) throw badRequest(`${name} must be in [-2, 2], got ${pyFloat(value)}.`);
  }
  if (!Number.isFinite(raw.repetitionPenalty)) {
    throw badRequest(`repetition_penalty must be a finite number, got ${pyFloat(raw.repetitionPenalty)}.`);
  }
  if (raw.repetitionPenalty <= 0) {
    throw badRequest(`repetition_penalty must be greater than zero, got ${pyFloat(raw.repetitionPenalty)}.`);
  }
  const shown = pyFloat(temperature);
  if (!Number.isFinite(temperature)) {
    throw badRequest(`temperature must be a finite number, got ${shown}.`, 'temperature', shown);
  }
  if (temperature < 0) throw badRequest(`temperature must be non-negative, got ${shown}.`, 'temperature', shown);
  if (temperature > 2) throw badRequest(`temperature must be in [0, 2], got ${shown}.`, 'temperature', shown);
  if (!(topP > 0 && topP <= 1)) {
    throw badRequest(`top_p must be in (0, 1], got ${pyFloat(topP)}.`, 'top_p', pyFloat(topP));
  }
  if (raw.topK < -1) throw badRequest(`top_k must be 0 (disable), or at least 1, got ${raw.topK}.`);
  if (!(raw.minP >= 0 && raw.minP <= 1)) throw badRequest(`min_p must be in [0, 1], got ${pyFloat(raw.minP)}.`);
  if (maxTokens !== null && maxTokens < 1) {
    throw badRequest(`max_tokens must be at least 1, got ${maxTokens}.`, 'max_tokens', String(maxTokens));
  }
  if (minTokens < 0) throw badRequest(`min_tokens must be greater than or equal to 0, got ${minTokens}.`);
  if (maxTokens !== null && minTokens > maxTokens) {
    throw badRequest(`min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${minTokens}.`);
  }
  if (raw.stop.includes('')) throw badRequest('stop cannot contain an empty string.');
  if (raw.badWords.includes('')) {
    throw badRequest(`bad_words cannot contain an empty string. Got bad_words=${pyRepr(raw.badWords)}`);
  }
  if (temperature < GREEDY_BELOW && n > 1) throw badRequest(`n must be 1 when using greedy sampling, got ${n}.`);
  const unknownIds = Object.keys(raw.logitBias).filter((id) => Number(id) < 0 || Number(id) >= VOCABULARY_SIZE);
  if (unknownIds.length > 0) {
    const list = `[${unknownIds.join(', ')}]`;
    const message = `token_id(s) ${list} in logit_bias contain out-of-vocab token ids. Vocabulary size: ${VOCABULARY_SIZE}`;
    throw badRequest(message, 'logit_bias', list);
  }
  if (raw.allowedTokenIds?.length === 0) {
    throw badRequest('allowed_token_ids is not None and empty!', 'allowed_token_ids', '[]');
  }
}

export interface SamplingInput {
  readonly maxTokens: number | null;
  readonly forceUsage: boolean;
}

/** Reads the fields; problems of type are collected in the reader, and thrown there. Returns what verifies them. */
export function readSampling(fields: FieldReader): (input: SamplingInput) => Sampling {
  const list = (name: string): readonly unknown[] | null => {
    const value = fields.raw(name);
    return Array.isArray(value) ? value : null;
  };
  const object = (name: string): Readonly<Record<string, unknown>> => {
    const value = fields.raw(name);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  };
  const raw = {
    frequencyPenalty: fields.float('frequency_penalty') ?? 0,
    logitBias: object('logit_bias'),
    n: fields.integer('n') ?? 1,
    presencePenalty: fields.float('presence_penalty') ?? 0,
    seed: fields.integer('seed'),
    stop: fields.stop(),
    stream: fields.boolean('stream') ?? false,
    temperature: fields.float('temperature') ?? 1,
    topP: fields.float('top_p') ?? 1,
    topK: fields.integer('top_k') ?? 0,
    minP: fields.float('min_p') ?? 0,
    repetitionPenalty: fields.float('repetition_penalty') ?? 1,
    includeStop: fields.boolean('include_stop_str_in_output') ?? false,
    ignoreEos: fields.boolean('ignore_eos') ?? false,
    minTokens: fields.integer('min_tokens') ?? 0,
    allowedTokenIds: list('allowed_token_ids'),
    badWords: list('bad_words') ?? [],
    returnTokenIds: fields.boolean('return_token_ids') ?? false,
  };
  const streamOptions = object('stream_options');
  return ({ maxTokens, forceUsage }) => {
    verify({ ...raw, maxTokens });
    const { n, minTokens, ignoreEos, seed, stop, includeStop, stream, returnTokenIds } = raw;
    const includeUsage = forceUsage || streamOptions['include_usage'] === true;
    return {
      n,
      maxTokens,
      minTokens,
      ignoreEos,
      seed,
      stop,
      includeStop,
      stream,
      returnTokenIds,
      includeUsage,
      continuousUsage: forceUsage || (includeUsage && streamOptions['continuous_usage_stats'] === true),
    };
  };
}
