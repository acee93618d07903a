import { LIMITS, type ConfigReader } from './config-reader';
import type { VisionShape } from './model-shape';

/** The tower of a family whose size the facts do not give: SigLIP as Qwen 3.5 and Gemma 3 use it. */
const USUAL: VisionShape = {
  hiddenSize: 1_152,
  intermediateSize: 4_304,
  layers: 27,
  rotary: true,
  deepstackLayers: 0,
  patchSize: 16,
  patchesPerToken: 4,
  maxTokensPerItem: 16_384,
};

/** Qwen's processors let an image have this many tokens (their default `max_pixels`). */
const QWEN_MAX_TOKENS = 16_384;

const MULTIMODAL = /ForConditionalGeneration|VLForCausalLM|VisionForCausalLM|ImageTextToText|Llava|Pixtral/;
/** Text-only classes that carry the multimodal name. */
const TEXT_ONLY = /^(T5|Bart|MBart|Pegasus|Blenderbot)/;

/** The encoder of images, or null for a model of text alone. @throws ModelConfigError */
export function readVision(config: ConfigReader, architecture: string | null): VisionShape | null {
  const tower = config.object('vision_config');
  if (tower === null) {
    const multimodal = architecture !== null && MULTIMODAL.test(architecture) && !TEXT_ONLY.test(architecture);
    return multimodal ? usual(architecture) : null;
  }
  const hiddenSize = tower.integer(['hidden_size', 'embed_dim', 'width'], LIMITS.dimension) ?? USUAL.hiddenSize;
  const patchSize = tower.integer('patch_size', 4_096) ?? USUAL.patchSize;
  const merge = tower.integer(['spatial_merge_size'], 64) ?? config.integer('spatial_merge_size', 64);
  const image = tower.integer('image_size', 65_536);
  const perImage = config.integer('mm_tokens_per_image', 1_048_576);
  const patches = image === null ? null : Math.floor(image / patchSize) ** 2;
  const perToken = merge !== null ? merge * merge : patches !== null && perImage !== null ? patches / perImage : 1;
  return {
    hiddenSize: tower.integer('embed_dim', LIMITS.dimension) ?? hiddenSize,
    intermediateSize: tower.integer(['intermediate_size', 'mlp_dim'], LIMITS.dimension) ?? 4 * hiddenSize,
    layers: tower.integer(['depth', 'num_hidden_layers', 'layers'], LIMITS.layers) ?? USUAL.layers,
    rotary: merge !== null,
    deepstackLayers: tower.integers('deepstack_visual_indexes')?.length ?? 0,
    patchSize,
    patchesPerToken: Math.max(1, perToken),
    maxTokensPerItem: perImage ?? (patches === null ? QWEN_MAX_TOKENS : Math.ceil(patches / Math.max(1, perToken))),
  };
}

function usual(architecture: string): VisionShape {
  if (architecture.startsWith('Gemma'))
    return { ...USUAL, rotary: false, patchSize: 14, patchesPerToken: 16, maxTokensPerItem: 256 };
  if (architecture.startsWith('Mistral3') || architecture.startsWith('Pixtral'))
    return {
      hiddenSize: 1_024,
      intermediateSize: 4_096,
      layers: 24,
      rotary: true,
      deepstackLayers: 0,
      patchSize: 14,
      patchesPerToken: 4,
      maxTokensPerItem: 3_025,
    };
  return USUAL;
}

/** Attention, an MLP of two matrices (three where it is gated changes little), and the projectors into the text model. */
export function visionParameters(vision: VisionShape, textHiddenSize: number): number {
  const layer = 4 * vision.hiddenSize ** 2 + 2 * vision.hiddenSize * vision.intermediateSize;
  const merged = vision.hiddenSize * Math.min(vision.patchesPerToken, 4);
  return vision.layers * layer + (1 + vision.deepstackLayers) * (merged * merged + merged * textHiddenSize);
}
