import { hash } from 'node:crypto';
import type { GenerateRequest } from '#contracts/generate';
import type { ResolvedModel } from '#contracts/models';
import { bodyText } from '../generation/body-text';

/** What the order of fields means nothing to, since the engine reads them by name. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Templates write these into the prompt as they are: another order is another prompt. */
const IN_ORDER = new Set([
  'tools',
  'functions',
  'response_format',
  'structured_outputs',
  'guided_json',
  'chat_template_kwargs',
]);

export interface CacheScope {
  /** Null: everybody's. */
  userId: string | null;
  /** Whatever else an answer depends on: a change makes all keys others. */
  epoch: string;
}

/**
 * Under what an answer is kept: a hash of all that it depends on. Equal requests have equal keys in whatever order and with
 * whatever spelling of numbers they come (1.0, 1e0), since both are JSON's and not the model's. Texts are taken as they are: two
 * Unicode forms of a letter are two prompts to a model.
 */
export function cacheKey(
  head: Pick<GenerateRequest, 'endpoint' | 'streaming' | 'continuousUsage'>,
  body: Uint8Array,
  path: string,
  model: Pick<ResolvedModel, 'engine' | 'servedName'>,
  { userId, epoch }: CacheScope,
): string {
  const request = JSON.parse(bodyText(body)) as Json;
  const { id, life, profile, state } = model.engine;
  // An array, not a text put together: no part can pass for the next one.
  const parts = [
    epoch,
    userId,
    path,
    head.streaming,
    head.continuousUsage,
    [profile, life ?? `${id} ${state.since}`, model.servedName],
    canonical(request),
  ];
  return hash('sha256', JSON.stringify(parts), 'hex');
}

/**
 * Whether an answer may be given twice: the engine would say the same again (temperature 0, or a seed), or the client says that
 * it does not mind.
 */
export function mayRepeat(head: GenerateRequest, body: Uint8Array): boolean {
  // A hint that is asked for again should be another one.
  if (head.hint !== undefined) return false;
  if (head.endpoint === 'system/benchmark' || head.cache === 'bypass') return false;
  if (head.cache === 'use') return true;
  const text = bodyText(body);
  // Most bodies say neither: they need not be read.
  if (!text.includes('"temperature"') && !text.includes('"seed"')) return false;
  const { temperature, seed } = JSON.parse(text) as { temperature?: unknown; seed?: unknown };
  return temperature === 0 || typeof seed === 'number';
}

function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // As pairs: an object would put names that are numbers first, and lose `__proto__`.
  return sorted.map(([name, item]) => [name, IN_ORDER.has(name) ? JSON.stringify(item) : canonical(item)]);
}
