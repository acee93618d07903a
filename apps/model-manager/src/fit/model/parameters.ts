import { LIMITS, type ConfigReader } from './config-reader';
import type { AttentionDimensions } from './attention-layers';
import type { LayerKind } from './layer-kinds';
import type { Experts, ParameterCounts, StateLayers } from './model-shape';

export interface ModelDimensions {
  hiddenSize: number;
  vocabularySize: number;
  layers: number;
  tied: boolean;
  attention: AttentionDimensions;
  kinds: readonly LayerKind[];
  state: StateLayers | null;
  experts: Experts | null;
  intermediateSize: number | null;
}

/** Architectures whose MLP has two matrices instead of three. */
const UNGATED = /^(gpt2|gpt_neox|gpt_bigcode|gptj|opt|bloom|falcon|mpt|starcoder2|nemotron|nemotron_h|phi|phi-msft)$/;

/** Parameters of the text model by how vLLM splits them; the encoder and the MTP layers are added by the caller. */
export function countParameters(config: ConfigReader, modelType: string, model: ModelDimensions): ParameterCounts {
  const { hiddenSize: hidden, layers, kinds, experts } = model;
  const attended = kinds.filter(
    (kind) => kind === 'full' || kind === 'sliding' || kind === 'chunked' || kind === 'both',
  );
  const attention = attentionParameters(config, model);
  const matrices = UNGATED.test(modelType) ? 2 : 3;
  const denseLayers = denseMlpLayers(config, kinds, modelType, experts);
  const shared = sharedExperts(config, experts);
  const positions =
    modelType === 'gpt2' || modelType === 'opt'
      ? (config.integer(['n_positions', 'max_position_embeddings'], LIMITS.positions) ?? 0)
      : 0;
  return {
    vocabulary: model.vocabularySize * hidden * (model.tied ? 1 : 2),
    linear:
      attended.length * attention.linear +
      stateParameters(model) +
      denseLayers * matrices * hidden * (model.intermediateSize ?? 0) +
      (experts?.layers ?? 0) * matrices * hidden * shared,
    keyValue: attended.length * attention.keyValue,
    experts: experts === null ? 0 : experts.layers * experts.count * matrices * hidden * experts.intermediateSize,
    replicated:
      layers * 2 * hidden +
      hidden +
      attended.length * attention.replicated +
      (experts === null ? 0 : experts.layers * hidden * experts.count) +
      positions * hidden,
    vision: 0,
    mtp: 0,
  };
}

/** One attention layer. */
function attentionParameters(
  config: ConfigReader,
  { hiddenSize: hidden, attention }: ModelDimensions,
): { linear: number; keyValue: number; replicated: number } {
  const { queryHeads, kvHeads, headSize, latent } = attention;
  if (latent === null) {
    const gate = config.flag('attn_output_gate') === true || config.has('full_attention_interval') ? 2 : 1;
    return {
      linear: hidden * queryHeads * headSize * (gate + 1),
      keyValue: 2 * hidden * kvHeads * headSize,
      replicated: 0,
    };
  }
  const { kvLoraRank, qLoraRank, ropeHeadSize, nopeHeadSize, valueHeadSize } = latent;
  const query = queryHeads * (nopeHeadSize + ropeHeadSize);
  const up = kvLoraRank * queryHeads * (nopeHeadSize + valueHeadSize);
  return {
    // The up projection is kept once more, absorbed into query and output (mla_attention.py, W_UK_T and W_UV).
    linear: (qLoraRank ?? hidden) * query + 2 * up + queryHeads * valueHeadSize * hidden,
    keyValue: 0,
    replicated: hidden * (kvLoraRank + ropeHeadSize) + (qLoraRank === null ? 0 : hidden * qLoraRank),
  };
}

/** In and out projections of layers with a state: about what they convolve plus a gate, and the way back. */
function stateParameters({ state, hiddenSize: hidden }: ModelDimensions): number {
  if (state === null) return 0;
  const channels = state.conv?.channels ?? state.heads;
  if (state.recurrent === null) return state.count * (3 * hidden * channels + channels * hidden);
  // For a gated delta net: q, k, v (the channels) and z in, v out; for Mamba: x, B, C (the channels) and z in, x out.
  const inner = Math.round(Math.sqrt(state.recurrent.elements * state.heads));
  const gate = Math.min(channels, Math.max(inner, Math.round(channels * 0.5)));
  return state.count * (hidden * (channels + gate) + gate * hidden + channels * ((state.conv?.steps ?? 0) + 1));
}

/** Reads a mixture of experts. @throws ModelConfigError */
export function readExperts(config: ConfigReader, kinds: readonly LayerKind[]): Experts | null {
  const count = config.integer(
    ['num_experts', 'moe_num_experts', 'n_routed_experts', 'num_local_experts'],
    LIMITS.experts,
    0,
  );
  if (count === null || count < 2) return null;
  const intermediateSize = config.required(
    [
      'moe_intermediate_size',
      'expert_intermediate_size',
      'moe_ffn_hidden_size',
      'intermediate_size',
      'ffn_hidden_size',
    ],
    LIMITS.dimension,
  );
  const perToken =
    config.integer(
      [
        'num_experts_per_tok',
        'num_experts_per_token',
        'top_k_experts',
        'moe_topk',
        'moe_top_k',
        'num_selected_experts',
      ],
      LIMITS.experts,
    ) ?? 1;
  return { count, perToken, intermediateSize, layers: mixtureLayers(config, kinds) };
}

function mixtureLayers(config: ConfigReader, kinds: readonly LayerKind[]): number {
  const pattern = config.has('hybrid_override_pattern') ? config.text('hybrid_override_pattern') : null;
  if (pattern !== null) return pattern.split('E').length - 1;
  const step = config.integer(
    ['decoder_sparse_step', 'moe_layer_freq', 'interleave_moe_layer_step', 'expert_layer_period'],
    LIMITS.layers,
  );
  const dense =
    config.integer('first_k_dense_replace', LIMITS.layers, 0) ??
    config.integer('num_dense_layers', LIMITS.layers, 0) ??
    0;
  const skipped = config.integers('mlp_only_layers')?.length ?? 0;
  return Math.max(0, Math.floor((kinds.length - dense) / (step ?? 1)) - skipped);
}

function denseMlpLayers(
  config: ConfigReader,
  kinds: readonly LayerKind[],
  modelType: string,
  experts: Experts | null,
): number {
  const pattern = config.has('hybrid_override_pattern') ? config.text('hybrid_override_pattern') : null;
  if (pattern !== null) return pattern.split('-').length - 1;
  if (modelType === 'mamba' || modelType === 'mamba2' || modelType === 'falcon_mamba') return 0;
  return kinds.length - (experts?.layers ?? 0);
}

/** The intermediate size of the experts that every token passes. */
function sharedExperts(config: ConfigReader, experts: Experts | null): number {
  if (experts === null) return 0;
  const size = config.integer(
    ['shared_expert_intermediate_size', 'shared_intermediate_size', 'moe_shared_expert_intermediate_size'],
    LIMITS.dimension,
    0,
  );
  if (size !== null) return size;
  const count = config.integer(['n_shared_experts', 'num_shared_experts', 'num_shared_expert'], LIMITS.experts, 0) ?? 0;
  return count * experts.intermediateSize;
}
