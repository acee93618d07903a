import { attentionDimensions, attentionLayers } from './attention-layers';
import { ConfigReader, LIMITS, ModelConfigError } from './config-reader';
import { layerKinds } from './layer-kinds';
import type { Dtype, ModelShape } from './model-shape';
import { countParameters, readExperts } from './parameters';
import { readQuantization } from './quantization';
import { stateLayers } from './state-layers';
import { readVision, visionParameters } from './vision';

/** Sixteen terabytes: more than any checkpoint. */
const MOST_BYTES = 2 ** 44;

/** Where multimodal configurations keep their text model. */
const TEXT_MODELS = ['text_config', 'llm_config', 'language_config', 'thinker_config'];

/** Classes that have no implementation in vLLM 0.32, and what is known of it. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  BrumbyForCausalLM:
    'vLLM has no implementation of power attention (BrumbyForCausalLM): it can only start where a plug-in brings one',
};

/**
 * A model from its Hugging Face config.json, or from one of the files in `models/`, which write the same fields.
 * @param checkpointBytes sum of the checkpoint's tensors; without it sizes come from the dimensions alone.
 * @throws ModelConfigError when a field is missing, of the wrong type or out of all proportion.
 */
export function describeModel(
  id: string,
  given: Readonly<Record<string, unknown>>,
  checkpointBytes: number | null,
): ModelShape {
  const outer = new ConfigReader(given);
  const config = textModel(outer);
  const modelType = config.text('model_type') ?? outer.text('model_type') ?? familyOf(outer);
  const architecture = (outer.texts('architectures') ?? [])[0] ?? null;
  const hiddenSize = config.required(['hidden_size', 'n_embd', 'd_model'], LIMITS.dimension);
  const layers = config.required(['num_hidden_layers', 'num_layers', 'n_layer', 'n_layers'], LIMITS.layers);
  const vocabularySize = config.required(['vocab_size', 'padded_vocab_size'], LIMITS.vocabulary);
  const dtype = readDtype(config, outer);
  const kinds = layerKinds(config, layers, modelType);
  const stateCount = kinds.filter((kind) => kind === 'state' || kind === 'both').length;
  const unsupported = architecture === null ? null : (UNSUPPORTED[architecture] ?? null);
  const attention = attentionDimensions(config, hiddenSize);
  const state = stateCount === 0 ? null : stateLayers(config, stateCount, hiddenSize, dtype === 'float32' ? 4 : 2);
  const experts = readExperts(config, kinds);
  const intermediateSize =
    config.integer(
      ['intermediate_size_mlp', 'intermediate_size', 'ffn_hidden_size', 'n_inner', 'ffn_dim'],
      LIMITS.dimension,
    ) ?? 4 * hiddenSize;
  const tied = config.flag('tie_word_embeddings') ?? outer.flag('tie_word_embeddings') ?? tiedByDefault(modelType);
  const parameters = countParameters(config, modelType, {
    hiddenSize,
    vocabularySize,
    layers,
    tied,
    attention,
    kinds,
    state,
    experts,
    intermediateSize,
  });
  const vision = readVision(outer, architecture);
  if (vision !== null) parameters.vision = visionParameters(vision, hiddenSize);
  const mtpLayers =
    config.integer(['mtp_num_hidden_layers', 'num_nextn_predict_layers', 'num_mtp_layers'], LIMITS.layers, 0) ??
    (modelType === 'qwen3_next' ? 1 : 0); // its config.json does not say so
  const mixture = experts !== null && experts.layers > 0 ? parameters.experts / experts.layers : 0;
  // One decoder layer with attention, and the matrix that joins its two inputs.
  if (mtpLayers > 0)
    parameters.mtp =
      mtpLayers *
      (2 * hiddenSize ** 2 +
        hiddenSize * attention.headSize * (3 * attention.queryHeads + 2 * attention.kvHeads) +
        (mixture > 0 ? mixture : 3 * hiddenSize * intermediateSize));
  return {
    id,
    modelType,
    hiddenSize,
    vocabularySize,
    layers,
    queryHeads: attention.queryHeads,
    headSize: attention.headSize,
    kvHeads: attention.latent === null ? attention.kvHeads : 1,
    intermediateSize: experts !== null && experts.layers === layers ? null : intermediateSize,
    experts,
    attention: attentionLayers(config, kinds, attention),
    states: state === null ? [] : [state],
    parameters,
    maxPositions: maxPositions(config),
    dtype,
    quantization: readQuantization(outer) ?? (config === outer ? null : readQuantization(config)),
    vision,
    mtpLayers,
    rotaryCacheBytes: rotaryCache(config, attention.headSize, vision !== null),
    checkpointBytes: checkBytes(checkpointBytes),
    unsupported,
  };
}

/** The text model's fields, with the groups `moe` and `hybrid` of the files in `models/` laid flat. */
function textModel(outer: ConfigReader): ConfigReader {
  let config = outer;
  for (const name of TEXT_MODELS) {
    const inner = config.object(name);
    if (inner !== null) config = inner.object('text_config') ?? inner;
  }
  for (const group of ['moe', 'hybrid']) {
    const inner = config.object(group);
    if (inner !== null) config = config.with(inner);
  }
  return config;
}

function readDtype(config: ConfigReader, outer: ConfigReader): Dtype {
  const name = config.text(['torch_dtype', 'dtype']) ?? outer.text(['torch_dtype', 'dtype']) ?? 'bfloat16';
  if (name === 'float16' || name === 'bfloat16' || name === 'float32') return name;
  throw new ModelConfigError('torch_dtype', 'must be float16, bfloat16 or float32');
}

/** `Qwen3_5ForConditionalGeneration` is a `qwen3_5`: the files in `models/` have no `model_type`. */
function familyOf(config: ConfigReader): string {
  const architecture = (config.texts('architectures') ?? [])[0] ?? '';
  const family = architecture.replace(/(For|LMHead|Model).*$/, '');
  const words = family.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return words === 'gpt_2' ? 'gpt2' : words;
}

function tiedByDefault(modelType: string): boolean {
  return /^(gemma|gpt2|opt|bloom|cohere|falcon)/.test(modelType);
}

/** The longest context: rope scaling stretches it, as vLLM's `_get_and_verify_max_len` does. */
function maxPositions(config: ConfigReader): number | null {
  const positions = config.integer(
    ['max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length', 'model_max_length', 'n_ctx'],
    LIMITS.positions,
  );
  const scaling = config.object('rope_scaling') ?? config.object('rope_parameters');
  if (positions === null || scaling === null) return positions;
  const kind = scaling.text(['rope_type', 'type']) ?? 'default';
  const factor = scaling.number('factor', 4_096) ?? 1;
  if (['su', 'longrope', 'llama3', 'default', 'mrope'].includes(kind)) return positions;
  if (kind === 'yarn') {
    const original = scaling.integer('original_max_position_embeddings', LIMITS.positions) ?? positions;
    return Math.max(positions, Math.floor(original * factor));
  }
  return config.text('model_type')?.startsWith('gemma3') === true ? positions : Math.floor(positions * factor);
}

/**
 * Sines and cosines of every position, in 16 bits. Models whose positions are those of images and video keep four
 * times as many (vLLM's `MRotaryEmbedding`).
 */
function rotaryCache(config: ConfigReader, headSize: number, multimodal: boolean): number {
  const positions = config.integer(['max_position_embeddings', 'n_positions', 'seq_length'], LIMITS.positions) ?? 0;
  const rope = config.object('rope_scaling') ?? config.object('rope_parameters');
  const partial =
    config.number('partial_rotary_factor', 1) ??
    rope?.number('partial_rotary_factor', 1) ??
    (config.has('full_attention_interval') ? 0.25 : 1);
  const copies = multimodal && (rope?.has('mrope_section') ?? config.has('full_attention_interval')) ? 4 : 1;
  return positions * Math.round(headSize * partial) * 2 * copies;
}

function checkBytes(bytes: number | null): number | null {
  if (bytes === null) return null;
  if (!Number.isSafeInteger(bytes) || bytes < 1_048_576 || bytes > MOST_BYTES)
    throw new ModelConfigError('checkpointBytes', 'must be a whole number of bytes, from 1 MiB to 16 TiB');
  return bytes;
}
