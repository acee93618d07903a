import { LIMITS, ModelConfigError, type ConfigReader } from './config-reader';
import { windowOf, type LayerKind } from './layer-kinds';
import type { AttentionLayers } from './model-shape';

/** Attention of one model: heads, sizes, and what differs between layers that see everything and those that do not. */
export interface AttentionDimensions {
  queryHeads: number;
  kvHeads: number;
  headSize: number;
  /** Set for multi-head latent attention. */
  latent: LatentAttention | null;
}

export interface LatentAttention {
  kvLoraRank: number;
  qLoraRank: number | null;
  ropeHeadSize: number;
  nopeHeadSize: number;
  valueHeadSize: number;
}

/** @throws ModelConfigError */
export function attentionDimensions(config: ConfigReader, hiddenSize: number): AttentionDimensions {
  const queryHeads = config.required(['num_attention_heads', 'n_head', 'n_heads', 'num_heads'], LIMITS.heads);
  const headSize =
    config.integer(['head_dim', 'kv_channels', 'hidden_size_per_head', 'attention_head_dim'], LIMITS.dimension) ??
    Math.floor(hiddenSize / queryHeads);
  if (headSize < 1) throw new ModelConfigError('num_attention_heads', 'is more than the hidden size');
  return { queryHeads, kvHeads: keyValueHeads(config, queryHeads), headSize, latent: latentAttention(config) };
}

/** vLLM's order of names, `model_arch_config_convertor.py`. */
function keyValueHeads(config: ConfigReader, queryHeads: number): number {
  if (config.flag('multi_query') === true && config.flag('new_decoder_architecture') !== true) return 1;
  const names = ['n_head_kv', 'num_kv_heads', 'num_key_value_heads', 'multi_query_group_num', 'num_attention_groups'];
  return config.integer(names, LIMITS.heads) ?? queryHeads;
}

function latentAttention(config: ConfigReader): LatentAttention | null {
  const kvLoraRank = config.integer('kv_lora_rank', LIMITS.dimension);
  if (kvLoraRank === null) return null;
  return {
    kvLoraRank,
    qLoraRank: config.integer('q_lora_rank', LIMITS.dimension),
    ropeHeadSize: config.integer('qk_rope_head_dim', LIMITS.dimension, 0) ?? 64,
    nopeHeadSize: config.integer('qk_nope_head_dim', LIMITS.dimension) ?? 128,
    valueHeadSize: config.integer('v_head_dim', LIMITS.dimension) ?? 128,
  };
}

/** The layers that hold a KV cache of their own, those alike together. */
export function attentionLayers(
  config: ConfigReader,
  kinds: readonly LayerKind[],
  dimensions: AttentionDimensions,
): AttentionLayers[] {
  // The last layers of Gemma 3n and 4 read the cache of earlier ones.
  const shared = config.integer('num_kv_shared_layers', LIMITS.layers, 0) ?? 0;
  const own = kinds.slice(0, Math.max(1, kinds.length - shared));
  const count = (...wanted: LayerKind[]): number => own.filter((kind) => wanted.includes(kind)).length;
  const { latent, kvHeads, headSize } = dimensions;
  const plain = { kvHeads, headSize, headSizeV: headSize, window: null };
  const full: Omit<AttentionLayers, 'count'> =
    latent === null
      ? { kind: 'full', ...plain, ...globalHeads(config) }
      : { kind: 'mla', kvHeads: 1, headSize: latent.kvLoraRank + latent.ropeHeadSize, headSizeV: 0, window: null };
  const layers: AttentionLayers[] = [
    { ...full, count: count('full', 'both') },
    { kind: 'sliding', ...plain, window: windowOf(config), count: count('sliding') },
    {
      kind: 'chunked',
      ...plain,
      window: config.integer('attention_chunk_size', LIMITS.positions) ?? 8_192,
      count: count('chunked'),
    },
  ];
  return layers.filter((group) => group.count > 0);
}

/** Gemma 4: the layers that see everything have fewer, larger heads. */
function globalHeads(config: ConfigReader): Partial<AttentionLayers> {
  const headSize = config.integer('global_head_dim', LIMITS.dimension);
  const kvHeads = config.integer('num_global_key_value_heads', LIMITS.heads);
  return {
    ...(headSize === null ? {} : { headSize, headSizeV: headSize }),
    ...(kvHeads === null ? {} : { kvHeads }),
  };
}
