import type { LinearFormat } from './quantization';

export type Dtype = 'float16' | 'bfloat16' | 'float32';

/** Layers that keep keys and values of every token (or of the last `window`), all alike. */
export interface AttentionLayers {
  kind: 'full' | 'sliding' | 'chunked' | 'mla';
  count: number;
  /** For MLA: 1, the latent vector is shared by all heads. */
  kvHeads: number;
  /** Elements of a key (for MLA: of the latent vector and its rope part). */
  headSize: number;
  /** Elements of a value; 0 for MLA. */
  headSizeV: number;
  /** Tokens that a layer looks back; null for full attention. */
  window: number | null;
}

/** Layers with a state of fixed size a sequence instead of a cache that grows: Mamba, gated delta net, convolutions. */
export interface StateLayers {
  count: number;
  /** Channels of the convolution's state, split over the GPUs, and how many steps it remembers. */
  conv: { channels: number; steps: number } | null;
  /** Elements of the recurrent state, split over the GPUs, and bytes of one. */
  recurrent: { elements: number; bytesPerElement: number } | null;
  /** What the tensor parallel size must divide. */
  heads: number;
}

export interface Experts {
  count: number;
  perToken: number;
  intermediateSize: number;
  layers: number;
}

/** Parameters by how vLLM lays them out under tensor parallelism. */
export interface ParameterCounts {
  /** Embedding and output head: split by rows of the vocabulary, never quantized by AWQ or GPTQ. */
  vocabulary: number;
  /** Linear layers, split over the GPUs, without the two below. */
  linear: number;
  /** K and V projections: split, but each GPU holds at least one head. */
  keyValue: number;
  /** Experts of a mixture: split too, or dealt out. */
  experts: number;
  /** Whole on every GPU: norms, routers, MLA's down projections. */
  replicated: number;
  /** Vision or audio encoder and its projector: split by default. */
  vision: number;
  /** Layers for multi-token prediction: loaded only for speculative decoding. */
  mtp: number;
}

export interface VisionShape {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  patchSize: number;
  /** Its attention turns queries and keys by their places (Qwen, Pixtral), which takes copies of them. */
  rotary: boolean;
  /** Layers whose outputs go into the text model beside the last one's, each through a projector of its own (Qwen3-VL). */
  deepstackLayers: number;
  /** Patches of the encoder that become one token of the text model. */
  patchesPerToken: number;
  /** Tokens of the largest image. */
  maxTokensPerItem: number;
}

/** What the fit check knows of a model. */
export interface ModelShape {
  id: string;
  modelType: string;
  hiddenSize: number;
  vocabularySize: number;
  layers: number;
  queryHeads: number;
  headSize: number;
  kvHeads: number;
  /** Of a dense layer; null where every layer is a mixture. */
  intermediateSize: number | null;
  experts: Experts | null;
  attention: AttentionLayers[];
  states: StateLayers[];
  parameters: ParameterCounts;
  /** Longest context that vLLM takes without an override; null when config.json does not tell. */
  maxPositions: number | null;
  dtype: Dtype;
  quantization: LinearFormat | null;
  vision: VisionShape | null;
  mtpLayers: number;
  /** Bytes of the tables of sines and cosines; every GPU has them. */
  rotaryCacheBytes: number;
  /** Sum of the tensors of the checkpoint; null when nobody told. */
  checkpointBytes: number | null;
  /** Why vLLM cannot serve it, where that is known. */
  unsupported: string | null;
}
