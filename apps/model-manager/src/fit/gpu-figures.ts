import type { FitGpu } from './fit-model';
import { MIB, type Range } from './units';

/**
 * What CUDA gives on cards that people have: nvidia-smi's total, CUDA's total (what vLLM's utilisation is a part of),
 * and the compute capability. CUDA's totals are those of vLLM's boot logs; nvidia-smi's are the drivers'.
 */
interface KnownCard {
  name: RegExp;
  smiMib: number;
  cudaMib: number;
  computeCapability: number;
}

const KNOWN: readonly KnownCard[] = [
  { name: /RTX 3090 Ti/i, smiMib: 24_564, cudaMib: 24_107, computeCapability: 8.6 },
  { name: /RTX 3090/i, smiMib: 24_576, cudaMib: 24_125, computeCapability: 8.6 },
  { name: /RTX 3080 Ti/i, smiMib: 12_288, cudaMib: 11_910, computeCapability: 8.6 },
  { name: /RTX 30[5678]0/i, smiMib: 10_240, cudaMib: 9_900, computeCapability: 8.6 },
  { name: /RTX 4090/i, smiMib: 24_564, cudaMib: 24_081, computeCapability: 8.9 },
  { name: /RTX 40\d0/i, smiMib: 16_376, cudaMib: 15_970, computeCapability: 8.9 },
  { name: /RTX 5090/i, smiMib: 32_607, cudaMib: 32_120, computeCapability: 12.0 },
  { name: /RTX 50\d0/i, smiMib: 16_303, cudaMib: 15_900, computeCapability: 12.0 },
  { name: /RTX PRO 6000/i, smiMib: 97_887, cudaMib: 97_250, computeCapability: 12.0 },
  { name: /RTX 6000 Ada/i, smiMib: 49_140, cudaMib: 48_520, computeCapability: 8.9 },
  { name: /A6000/i, smiMib: 49_140, cudaMib: 48_520, computeCapability: 8.6 },
  { name: /A5000/i, smiMib: 24_564, cudaMib: 24_110, computeCapability: 8.6 },
  { name: /A4000/i, smiMib: 16_376, cudaMib: 15_970, computeCapability: 8.6 },
  { name: /L40/i, smiMib: 46_068, cudaMib: 45_460, computeCapability: 8.9 },
  { name: /\bL4\b/i, smiMib: 23_034, cudaMib: 22_559, computeCapability: 8.9 },
  { name: /A100.*80|80GB.*A100/i, smiMib: 81_920, cudaMib: 81_152, computeCapability: 8.0 },
  { name: /A100/i, smiMib: 40_960, cudaMib: 40_442, computeCapability: 8.0 },
  { name: /A40\b/i, smiMib: 46_068, cudaMib: 45_460, computeCapability: 8.6 },
  { name: /A30\b/i, smiMib: 24_576, cudaMib: 24_000, computeCapability: 8.0 },
  { name: /A10G?\b/i, smiMib: 23_028, cudaMib: 22_596, computeCapability: 8.6 },
  { name: /H100/i, smiMib: 81_559, cudaMib: 81_110, computeCapability: 9.0 },
  { name: /H200/i, smiMib: 143_771, cudaMib: 143_165, computeCapability: 9.0 },
  { name: /GH200/i, smiMib: 97_871, cudaMib: 97_280, computeCapability: 9.0 },
  { name: /B200/i, smiMib: 183_359, cudaMib: 182_640, computeCapability: 10.0 },
  { name: /V100/i, smiMib: 16_384, cudaMib: 16_150, computeCapability: 7.0 },
  { name: /\bT4\b/i, smiMib: 15_360, cudaMib: 14_913, computeCapability: 7.5 },
  { name: /RTX 20\d0|TITAN RTX/i, smiMib: 24_576, cudaMib: 24_033, computeCapability: 7.5 },
  { name: /GTX 10\d0|P40|P100/i, smiMib: 24_576, cudaMib: 24_000, computeCapability: 6.1 },
];

/** Between nvidia-smi's total and CUDA's: what the driver keeps for itself on cards that are not in the table. */
const UNKNOWN_RESERVE_MIB = 450;
/** From Ampere on everything works that Tandem's profiles use; a card that nobody knows is taken for one of these. */
const USUAL_CAPABILITY = 8.6;

/** A process's own CUDA context; an idle RTX 3090 has 23.56 GiB, of which 23.05 are free once vLLM looks. */
export const CONTEXT_BYTES: Range = { low: 170 * MIB, high: 560 * MIB };

export interface GpuFigures {
  index: number;
  name: string;
  computeCapability: number;
  /** What vLLM's utilisation is a part of. */
  totalBytes: number;
  /** What vLLM finds free when it starts, its own context already taken. */
  freeBytes: Range;
  /** As nvidia-smi shows it, before vLLM. */
  shownFreeBytes: number;
}

/**
 * CUDA's view of a card. `totalMib` may be nvidia-smi's figure or CUDA's own, whichever is at hand: the nearer one of
 * the card's two counts, and `freeMib` is taken the same way.
 */
export function gpuFigures(gpu: FitGpu): GpuFigures {
  const known = KNOWN.find(({ name }) => name.test(gpu.name)) ?? null;
  const cudasOwn = known !== null && gpu.totalMib <= known.smiMib && isCudas(gpu.totalMib, known);
  const gap = known === null ? UNKNOWN_RESERVE_MIB : known.smiMib - known.cudaMib;
  const totalMib = cudasOwn ? gpu.totalMib : Math.max(1, gpu.totalMib - Math.min(gap, gpu.totalMib * 0.05));
  const free = gpu.freeMib ?? totalMib;
  const shown = Math.min(free, totalMib) * MIB;
  // A figure from vLLM's own log has the context taken already: then the whole of it is free.
  const fromLog = cudasOwn && gpu.freeMib !== null;
  const freeBytes = fromLog
    ? { low: shown, high: shown }
    : { low: Math.max(0, shown - CONTEXT_BYTES.high), high: Math.max(0, shown - CONTEXT_BYTES.low) };
  return {
    index: gpu.index,
    name: gpu.name,
    computeCapability: gpu.computeCapability ?? known?.computeCapability ?? USUAL_CAPABILITY,
    totalBytes: totalMib * MIB,
    freeBytes,
    shownFreeBytes: shown,
  };
}

/** Cards of one name come with several sizes (a 3080 has 10 or 12 GiB): only a total near CUDA's own is CUDA's. */
function isCudas(totalMib: number, { smiMib, cudaMib }: KnownCard): boolean {
  return Math.abs(totalMib - cudaMib) < Math.abs(totalMib - smiMib) && Math.abs(totalMib - cudaMib) < 0.01 * cudaMib;
}
