import { LIMITS, ModelConfigError, type ConfigReader } from './config-reader';
import type { StateLayers } from './model-shape';

const BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, bfloat16: 2 };

/**
 * The state of linear-attention, Mamba and convolution layers. Shapes from vLLM's `mamba_utils.py`
 * (`MambaStateShapeCalculator`), which all its hybrid models use.
 * @throws ModelConfigError when the layers are there but their dimensions are not.
 */
export function stateLayers(config: ConfigReader, count: number, hiddenSize: number, dtypeBytes: number): StateLayers {
  const ssmBytes = BYTES[config.text('mamba_ssm_dtype') ?? config.text('mamba_ssm_cache_dtype') ?? ''] ?? null;
  return (
    powerRetention(config, count) ??
    gatedDeltaNet(config, count, ssmBytes ?? dtypeBytes) ??
    kimiDelta(config, count) ??
    mamba2(config, count, hiddenSize, ssmBytes ?? dtypeBytes) ??
    mamba1(config, count, hiddenSize, ssmBytes ?? dtypeBytes) ??
    shortConvolution(config, count, hiddenSize) ??
    lightning(config, count, hiddenSize) ??
    unknown()
  );
}

/**
 * Brumby: power attention of degree 2 keeps, for each KV head, a matrix of head size by the head size's distinct
 * products, in float32 (manifestai's `retention` package).
 */
function powerRetention(config: ConfigReader, count: number): StateLayers | null {
  if (config.texts('architectures')?.[0] !== 'BrumbyForCausalLM') return null;
  const heads = config.required(['num_key_value_heads'], LIMITS.heads);
  const dim = config.required(['head_dim'], 65_536);
  return { count, conv: null, recurrent: { elements: (heads * dim * dim * (dim + 1)) / 2, bytesPerElement: 4 }, heads };
}

function gatedDeltaNet(config: ConfigReader, count: number, bytesPerElement: number): StateLayers | null {
  const valueHeads = config.integer('linear_num_value_heads', LIMITS.heads);
  if (valueHeads === null) return null;
  const keyHeads = config.required(['linear_num_key_heads'], LIMITS.heads);
  const keyDim = config.required(['linear_key_head_dim'], LIMITS.dimension);
  const valueDim = config.required(['linear_value_head_dim'], LIMITS.dimension);
  const kernel = config.required(['linear_conv_kernel_dim'], 1_024);
  return {
    count,
    conv: { channels: 2 * keyHeads * keyDim + valueHeads * valueDim, steps: kernel - 1 },
    recurrent: { elements: valueHeads * keyDim * valueDim, bytesPerElement },
    heads: keyHeads,
  };
}

/** Kimi Linear: the recurrent state is float32 unless told otherwise. */
function kimiDelta(config: ConfigReader, count: number): StateLayers | null {
  const linear = config.object('linear_attn_config');
  if (linear === null) return null;
  const heads = linear.required(['num_heads'], LIMITS.heads);
  const dim = linear.required(['head_dim'], LIMITS.dimension);
  const kernel = linear.integer('short_conv_kernel_size', 1_024) ?? 4;
  return {
    count,
    conv: { channels: 3 * heads * dim, steps: kernel - 1 },
    recurrent: { elements: heads * dim * dim, bytesPerElement: 4 },
    heads,
  };
}

function mamba2(config: ConfigReader, count: number, hiddenSize: number, bytesPerElement: number): StateLayers | null {
  const heads = config.integer(['mamba_num_heads', 'mamba_n_heads', 'n_mamba_heads'], LIMITS.heads);
  if (heads === null) return null;
  const stateSize = config.required(['mamba_d_state', 'ssm_state_size', 'state_size', 'mamba_state_dim'], 65_536);
  const groups = config.integer(['mamba_n_groups', 'n_groups', 'mamba_ngroups'], LIMITS.heads) ?? 1;
  const expand = config.number('mamba_expand', 64) ?? config.number('expand', 64) ?? 2;
  const headDim =
    config.integer(['mamba_head_dim', 'mamba_d_head', 'mamba_headdim'], LIMITS.dimension) ??
    Math.floor((expand * hiddenSize) / heads);
  const kernel = config.integer(['mamba_d_conv', 'conv_kernel', 'conv_kernel_size'], 1_024) ?? 4;
  return {
    count,
    conv: { channels: heads * headDim + 2 * groups * stateSize, steps: kernel - 1 },
    recurrent: { elements: heads * headDim * stateSize, bytesPerElement },
    heads,
  };
}

function mamba1(config: ConfigReader, count: number, hiddenSize: number, bytesPerElement: number): StateLayers | null {
  const stateSize = config.integer(['mamba_d_state', 'state_size', 'ssm_state_size'], 65_536);
  if (stateSize === null) return null;
  const expand = config.number('mamba_expand', 64) ?? config.number('expand', 64) ?? 2;
  const inner = Math.round(expand * hiddenSize);
  const kernel = config.integer(['mamba_d_conv', 'conv_kernel'], 1_024) ?? 4;
  return {
    count,
    conv: { channels: inner, steps: kernel - 1 },
    recurrent: { elements: inner * stateSize, bytesPerElement },
    heads: inner,
  };
}

/** LFM2: only the last steps of a convolution. */
function shortConvolution(config: ConfigReader, count: number, hiddenSize: number): StateLayers | null {
  const kernel = config.integer(['conv_L_cache', 'conv_kernel_size'], 1_024);
  if (kernel === null) return null;
  const channels = config.integer(['conv_dim', 'block_dim'], LIMITS.dimension) ?? hiddenSize;
  return { count, conv: { channels, steps: kernel - 1 }, recurrent: null, heads: channels };
}

/** MiniMax: one square matrix a head, in float32. */
function lightning(config: ConfigReader, count: number, hiddenSize: number): StateLayers | null {
  if (!config.has('attn_type_list')) return null;
  const heads = config.required(['num_attention_heads'], LIMITS.heads);
  const dim = config.integer('head_dim', LIMITS.dimension) ?? Math.floor(hiddenSize / heads);
  return { count, conv: null, recurrent: { elements: heads * dim * dim, bytesPerElement: 4 }, heads };
}

function unknown(): never {
  throw new ModelConfigError(
    'linear_num_value_heads',
    'is missing: the model has layers with a state, but nothing says how large it is',
  );
}
