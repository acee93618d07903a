import type { EnginePlan } from '../engine-plan';
import type { AttentionLayers, ModelShape, StateLayers } from '../model/model-shape';
import { ceilDiv } from '../units';
import { slotSize } from './kv-dtype';

/**
 * How vLLM lays the KV cache out, and what one request takes of it. The rules are those of `kv_cache_interface.py`,
 * `kv_cache_utils.py` and `platforms/interface.py` of 0.32: all caches draw blocks of one size from one pool; layers of
 * a kind form groups of equal length; a request holds blocks of every group.
 */
export interface KvPlan {
  /** Bytes that one block takes on each GPU, in all layers that share it. */
  bytesPerBlock: number;
  /** Tokens in a block of the layers that see everything. */
  blockSize: number;
  /** Blocks that a request of `length` tokens holds. */
  blocksPerRequest: (length: number) => number;
}

/** Layers that are alike: they share block tables. */
interface LayerSpec {
  kind: AttentionLayers['kind'] | 'state';
  layers: number;
  blockSize: number;
  pageBytes: number;
  window: number | null;
  /** Blocks of a state that one request holds. */
  states: number;
}

/** Null when the model keeps nothing between tokens, or the KV dtype is unknown. */
export function planKvCache(shape: ModelShape, engine: EnginePlan): KvPlan | null {
  const specs = layerSpecs(shape, engine);
  const first = specs[0];
  if (first === undefined) return null;
  const inFlight = engine.maxNumBatchedTokens * concurrentBatches(engine);
  const groups = groupLayers(specs);
  const bytesPerBlock = Math.max(...groups.map(({ spec, layers }) => layers * spec.pageBytes));
  return {
    bytesPerBlock,
    blockSize: specs.find(({ kind }) => kind === 'full' || kind === 'mla')?.blockSize ?? first.blockSize,
    blocksPerRequest: (length) => groups.reduce((total, { spec }) => total + blocksOf(spec, length, inFlight), 0),
  };
}

/** Batches that are scheduled and not settled: out-of-window blocks are freed only then. */
function concurrentBatches({ asyncScheduling, pipelineParallelSize }: EnginePlan): number {
  return pipelineParallelSize + (asyncScheduling ? 1 : 0);
}

function blocksOf(spec: LayerSpec, length: number, inFlight: number): number {
  switch (spec.kind) {
    case 'full':
    case 'mla':
      return ceilDiv(length, spec.blockSize);
    case 'sliding':
      return ceilDiv(Math.min((spec.window ?? length) - 1 + inFlight, length), spec.blockSize) + 1;
    case 'chunked':
      return ceilDiv(Math.min((spec.window ?? length) + inFlight, length), spec.blockSize);
    case 'state':
      return spec.states;
  }
}

function layerSpecs(shape: ModelShape, engine: EnginePlan): LayerSpec[] {
  const stage = (count: number): number => ceilDiv(count, engine.pipelineParallelSize);
  const drafted = engine.speculativeTokens > 0 ? shape.mtpLayers : 0;
  const bytes = shape.attention.map((layers) => bytesPerToken(layers, engine));
  if (bytes.some((size) => size === null)) return [];
  const widest = Math.max(
    0,
    ...shape.attention.map((layers, index) =>
      layers.kind === 'full' || layers.kind === 'mla' ? (bytes[index] ?? 0) : 0,
    ),
  );
  const statePage = Math.max(0, ...shape.states.map((layers) => stateBytes(layers, engine)));
  const blockSize = hybridBlockSize(engine, widest, statePage, shape);
  const attention = shape.attention.map((layers, index): LayerSpec => {
    const recycled = engine.hybridCache ? layers.kind : layers.kind === 'mla' ? 'mla' : 'full';
    const seesAll = layers.kind === 'full' || layers.kind === 'mla';
    return {
      kind: recycled,
      layers: stage(layers.count) + (seesAll ? drafted : 0),
      blockSize,
      pageBytes: (bytes[index] ?? 0) * blockSize,
      window: layers.window,
      states: 0,
    };
  });
  const states = shape.states.map((layers): LayerSpec => ({
    kind: 'state',
    layers: stage(layers.count),
    blockSize,
    pageBytes: Math.max(statePage, widest * blockSize),
    window: null,
    // With prefix caching vLLM keeps the states before and after a block ("align"), else the last one.
    states: (engine.prefixCaching ? 2 : 1) + engine.speculativeTokens,
  }));
  return unifyPages([...attention, ...states]);
}

/** The state of a hybrid model takes a page of its attention layers: their blocks grow until it fits. */
function hybridBlockSize(engine: EnginePlan, perToken: number, statePage: number, shape: ModelShape): number {
  if (statePage === 0 || perToken === 0) return engine.blockSize;
  const latent = shape.attention.some(({ kind }) => kind === 'mla');
  const alignment = Math.max(latent ? 128 : 16, engine.blockSize);
  return Math.max(engine.blockSize, alignment * ceilDiv(statePage, alignment * perToken));
}

/** Pages of all kinds are made equally large: smaller ones take more tokens, or are padded. */
function unifyPages(specs: readonly LayerSpec[]): LayerSpec[] {
  const page = Math.max(...specs.map(({ pageBytes }) => pageBytes));
  const seeAll = specs.every(({ kind }) => kind === 'full' || kind === 'mla');
  return specs.map((spec) => {
    if (seeAll || spec.kind === 'state' || spec.pageBytes === page) return seeAll ? spec : { ...spec, pageBytes: page };
    const times = page / spec.pageBytes;
    return { ...spec, pageBytes: page, blockSize: Number.isInteger(times) ? spec.blockSize * times : spec.blockSize };
  });
}

interface LayerGroup {
  spec: LayerSpec;
  /** Layers in its longest group. */
  layers: number;
}

/**
 * Splits the kinds into groups of about as many layers as the rarest kind has, or as the commonest where they are
 * nearly as many (`_get_kv_cache_groups_uniform_page_size`).
 */
function groupLayers(specs: readonly LayerSpec[]): LayerGroup[] {
  const [first] = specs;
  if (first === undefined) return [];
  if (specs.every(({ kind }) => kind === 'full' || kind === 'mla')) {
    const bytes = specs.reduce((total, { layers, pageBytes }) => total + layers * pageBytes, 0);
    return [{ spec: { ...first, pageBytes: bytes }, layers: 1 }];
  }
  const counts = specs.map(({ layers }) => layers);
  const fewest = Math.min(...counts);
  const most = Math.max(...counts);
  const size = most < fewest * 1.5 ? most : fewest;
  return specs.flatMap((spec) => {
    const groups = ceilDiv(spec.layers, size);
    return Array.from({ length: groups }, () => ({ spec, layers: ceilDiv(spec.layers, groups) }));
  });
}

function bytesPerToken(layers: AttentionLayers, engine: EnginePlan): number | null {
  const slot = slotSize(engine.kvCacheDtype, engine.dtype);
  if (slot === null) return null;
  const heads = layers.kind === 'mla' ? 1 : Math.max(1, Math.floor(layers.kvHeads / engine.tensorParallelSize));
  return heads * slot(layers.headSize, layers.headSizeV);
}

/** Bytes of one layer's state on each GPU; drafted tokens lengthen the convolution's. */
function stateBytes(layers: StateLayers, engine: EnginePlan): number {
  const shards = engine.tensorParallelSize;
  const elementBytes = engine.dtype === 'float32' ? 4 : 2;
  const { conv, recurrent } = layers;
  const steps = (conv?.steps ?? 0) + engine.speculativeTokens;
  const convBytes = conv === null ? 0 : ceilDiv(conv.channels, shards) * steps * elementBytes;
  const recurrentBytes =
    recurrent === null ? 0 : ceilDiv(recurrent.elements, shards) * (engine.stateBytes ?? recurrent.bytesPerElement);
  return convBytes + recurrentBytes;
}
