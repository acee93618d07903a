import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '#common/config';
import type { EngineSettings, Profile } from './profile';
import { readProfile } from './read-profile';

export const DEFAULT_PROFILE = 'r1-distill-qwen-14b';

/** The four variables that shape the default profile. */
export interface ProfileShape {
  modelId?: string | undefined;
  tensorParallelSize?: number | undefined;
  maxModelLen?: string | undefined;
  gpuMemoryUtilization?: number | undefined;
}

/** @throws ConfigError when the file is missing, is no YAML, or is no profile. */
export function loadProfile(directory: string, name: string): Profile {
  const path = join(directory, `${name}.yaml`);
  const read = readProfile(path, readText(path));
  if (read.kind === 'profile') return read.profile;
  const { line, reason } = read.fault;
  throw new ConfigError(`${path}${line === null ? '' : `:${line}`}: ${reason}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The default profile with MODEL_ID, VLLM_TP, VLLM_MAXLEN and VLLM_UTIL put in. Another model takes only the host's part
 * of the profile (cards, utilisation, context length): its revision, dtype, parsers and aliases belong to the model.
 */
export function shapeProfile(profile: Profile, shape: ProfileShape): Profile {
  const own = profile.engines[0];
  if (own === undefined) throw new ConfigError(`profile ${profile.name} has no engine`);
  const replaced = shape.modelId !== undefined && shape.modelId !== own.model;
  const engine = replaced ? hostPart(own, shape.modelId ?? own.model) : { ...own };
  if (shape.maxModelLen !== undefined) engine.maxModelLen = shape.maxModelLen;
  if (shape.gpuMemoryUtilization !== undefined) engine.gpuMemoryUtilization = shape.gpuMemoryUtilization;
  if (shape.tensorParallelSize !== undefined) {
    engine.tensorParallelSize = shape.tensorParallelSize;
    engine.gpus = cards(engine.gpus, shape.tensorParallelSize);
  }
  if (!replaced) return { ...profile, engines: [engine, ...profile.engines.slice(1)] };
  return {
    name: profileName(engine.model),
    title: engine.model,
    aliases: [],
    defaults: {},
    fallbacks: [],
    engines: [engine],
  };
}

function hostPart(settings: EngineSettings, model: string): EngineSettings {
  const { tensorParallelSize, maxModelLen, gpuMemoryUtilization, gpus } = settings;
  const part: EngineSettings = { model };
  if (tensorParallelSize !== undefined) part.tensorParallelSize = tensorParallelSize;
  if (maxModelLen !== undefined) part.maxModelLen = maxModelLen;
  if (gpuMemoryUtilization !== undefined) part.gpuMemoryUtilization = gpuMemoryUtilization;
  if (gpus !== undefined) part.gpus = gpus;
  return part;
}

function cards(gpus: EngineSettings['gpus'], needed: number): EngineSettings['gpus'] {
  if (gpus !== undefined && gpus.length >= needed) return gpus.slice(0, needed);
  return Array.from({ length: needed }, (_, index) => index);
}

/** `Qwen/Qwen3-14B-AWQ` and `/models/Qwen3-14B-AWQ/` are both `qwen3-14b-awq`. */
function profileName(model: string): string {
  const base = model.replace(/\/+$/, '').split('/').at(-1) ?? model;
  const name = base
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return name === '' ? 'custom' : name;
}
