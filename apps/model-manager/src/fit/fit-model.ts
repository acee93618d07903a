import type { ModelShape } from './model/model-shape';
import type { Said } from './say';

/** One GPU as the fit check sees it. Sizes in MiB, as nvidia-smi gives them. */
export interface FitGpu {
  index: number;
  uuid: string | null;
  name: string;
  totalMib: number;
  /** What is free now; null counts the card as idle. */
  freeMib: number | null;
  /** 8.6 for an RTX 3090; null where nobody knows: then the name decides. */
  computeCapability: number | null;
}

export interface FitHardware {
  gpus: readonly FitGpu[];
}

/** What the fit check can learn of a model; `unknown` says why there is nothing. */
export type ModelKnowledge = { kind: 'known'; shape: ModelShape } | { kind: 'unknown'; why: Said };

/** Finds a model by its Hugging Face id. */
export type ModelLookup = (id: string) => ModelKnowledge;

/** What an earlier boot of the same engine measured, in bytes a GPU. */
export interface MeasuredBoot {
  vllmVersion: string;
  measuredAt: number;
  weightsBytes: number;
  kvCacheBytes: number;
  /** Everything in vLLM's budget that is neither weights nor cache nor graphs. */
  restBytes: number;
  cudaGraphBytes: number;
  kvCacheTokens: number;
  maxModelLen: number;
}
