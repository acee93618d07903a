import { LIMITS, ModelConfigError, type ConfigReader } from './config-reader';

/** What a layer keeps between tokens. `none`: nothing (an MLP or a mixture on its own). */
export type LayerKind = 'full' | 'sliding' | 'chunked' | 'state' | 'both' | 'none';

const NAMES: Readonly<Record<string, LayerKind>> = {
  full_attention: 'full',
  attention: 'full',
  global: 'full',
  sliding_attention: 'sliding',
  local: 'sliding',
  chunked_attention: 'chunked',
  linear_attention: 'state',
  mamba: 'state',
  mamba2: 'state',
  conv: 'state',
  recurrent: 'state',
  kda: 'state',
  hybrid: 'both',
  moe: 'none',
  mlp: 'none',
};

/** Nemotron-H writes its layers as letters. */
const LETTERS: Readonly<Record<string, LayerKind>> = { M: 'state', '*': 'full', '-': 'none', E: 'none' };

/** Model types without any attention. */
const ATTENTION_FREE = ['mamba', 'mamba2', 'falcon_mamba', 'rwkv', 'brumby', 'powercoder'];

/**
 * The kind of each layer, from whichever of the known ways config.json says it. The rules are those of the models in
 * vLLM's `model_executor/models` and of transformers' configuration classes, which fill `layer_types` in.
 * @throws ModelConfigError
 */
export function layerKinds(config: ConfigReader, layers: number, modelType: string): LayerKind[] {
  if (ATTENTION_FREE.some((name) => modelType === name)) return repeat('state', layers); // power attention too
  return (
    named(config, layers) ??
    letters(config, layers) ??
    listed(config, layers) ??
    periodic(config, layers, modelType) ??
    repeat(slidesEverywhere(config) ? 'sliding' : 'full', layers)
  );
}

function named(config: ConfigReader, layers: number): LayerKind[] | null {
  const field = ['layer_types', 'layers_block_type', 'block_types'].find((name) => config.has(name));
  if (field === undefined) return null;
  const names = config.texts(field) ?? [];
  if (names.length !== layers)
    throw new ModelConfigError(field, `has ${names.length} entries, but the model has ${layers} layers`);
  const window = windowOf(config);
  return names.map((name) => {
    const kind = NAMES[name];
    if (kind === undefined) throw new ModelConfigError(field, `"${name.slice(0, 40)}" is no layer type that is known`);
    return kind === 'sliding' && window === null ? 'full' : kind;
  });
}

function letters(config: ConfigReader, layers: number): LayerKind[] | null {
  const field = ['hybrid_override_pattern', 'hybrid_layer_pattern'].find((name) => config.has(name));
  if (field === undefined) return null;
  const pattern = config.text(field);
  if (pattern === null) return null;
  if (pattern.length !== layers)
    throw new ModelConfigError(field, `has ${pattern.length} letters, but the model has ${layers} layers`);
  return Array.from(pattern, (letter) => {
    const kind = LETTERS[letter];
    if (kind === undefined) throw new ModelConfigError(field, 'holds a letter that is no known layer type');
    return kind;
  });
}

/** Indices of the layers that have attention, or that have none. */
function listed(config: ConfigReader, layers: number): LayerKind[] | null {
  const linear = config.object('linear_attn_config');
  if (linear !== null) {
    const full = new Set(linear.integers('full_attn_layers') ?? []); // counted from 1
    return Array.from({ length: layers }, (_, index) => (full.has(index + 1) ? 'full' : 'state'));
  }
  const attention = config.integers('attn_layer_indices') ?? config.integers('full_attn_idxs');
  if (attention !== null) {
    const full = new Set(attention);
    return Array.from({ length: layers }, (_, index) => (full.has(index) ? 'full' : 'state'));
  }
  const types = config.integers('attn_type_list');
  if (types === null) return null;
  return Array.from({ length: layers }, (_, index) => (types[index] === 1 ? 'full' : 'state'));
}

function periodic(config: ConfigReader, layers: number, modelType: string): LayerKind[] | null {
  const every = (period: number, offset: number, rest: LayerKind): LayerKind[] =>
    Array.from({ length: layers }, (_, index) => (index % period === offset % period ? 'full' : rest));

  const jamba = config.integer('attn_layer_period', LIMITS.layers);
  if (jamba !== null) return every(jamba, config.integer('attn_layer_offset', LIMITS.layers, 0) ?? 0, 'state');
  const interval = config.integer('full_attention_interval', LIMITS.layers);
  if (interval !== null) return every(interval, interval - 1, 'state');
  if (modelType.startsWith('falcon_h1')) return repeat('both', layers);
  if (modelType.startsWith('llama4') && config.has('attention_chunk_size')) return every(4, 3, 'chunked');
  if (windowOf(config) === null) return null;
  if (modelType === 'gemma2' || modelType === 'gpt_oss') return every(2, 1, 'sliding');
  const pattern = slidingPattern(config) ?? (modelType.startsWith('gemma3') ? 6 : null);
  return pattern === null || pattern < 2 ? null : every(pattern, pattern - 1, 'sliding');
}

/** `sliding_window_pattern` is a number (every n-th layer sees everything) or letters such as LLLG. */
function slidingPattern(config: ConfigReader): number | null {
  if (!config.has('sliding_window_pattern')) return null;
  try {
    return config.integer('sliding_window_pattern', LIMITS.layers);
  } catch {
    const lettersGiven = config.text('sliding_window_pattern') ?? ''; // not a number: it is the letters then
    return lettersGiven.length === 0 ? null : lettersGiven.length;
  }
}

/** The window in tokens; null where there is none, or where it is switched off. */
export function windowOf(config: ConfigReader): number | null {
  if (config.flag('use_sliding_window') === false) return null;
  const window = config.integer(['sliding_window', 'sliding_window_size'], LIMITS.positions, 0);
  return window === 0 ? null : window;
}

/**
 * A window without `layer_types` holds for every layer: vLLM's Attention falls back on it (attention.py,
 * `cache_config.sliding_window`).
 */
function slidesEverywhere(config: ConfigReader): boolean {
  return windowOf(config) !== null;
}

function repeat(kind: LayerKind, layers: number): LayerKind[] {
  return Array.from({ length: layers }, () => kind);
}
