/** What vLLM's log says of one boot. Sizes in GiB on one GPU. */
export interface BootFigures {
  vllmVersion: string;
  weightsGib: number;
  kvCacheGib: number;
  kvCacheTokens: number;
  maxModelLen: number;
  /** Null with `enforceEager`, and where it was not told. */
  cudaGraphGib: number | null;
  activationGib: number | null;
  /** Kernels were compiled in this boot: the next one, with them at hand, may have more cache. */
  coldCompile: boolean;
}

const VERSION = /Initializing a V1 LLM engine \(v([^)\s]{1,60})\)/;
const WEIGHTS = /Model loading took ([\d.]+) GiB/;
const CACHE = /Available KV cache memory: (-?[\d.]+) GiB/;
const TOKENS = /GPU KV cache size: ([\d,]+) tokens/;
const LENGTH = /Maximum concurrency for ([\d,]+) tokens per request/;
const GRAPHS = /Graph capturing finished in .{1,40}took (-?[\d.]+) GiB/;
const ACTIVATION = /([\d.]+) GiB for peak activation/;
const COLD = /Compiling a graph for|Cache the graph of shape/;

/** Collects the figures of a boot from its log, line by line. With several workers the fullest GPU counts. */
export class BootFiguresReader {
  private readonly seen: Partial<BootFigures> = {};
  private cold = false;

  read(line: string): void {
    const version = VERSION.exec(line)?.[1];
    if (version !== undefined) this.seen.vllmVersion = version;
    this.take(WEIGHTS, line, (value) => (this.seen.weightsGib = Math.max(this.seen.weightsGib ?? 0, value)));
    this.take(CACHE, line, (value) => (this.seen.kvCacheGib = Math.min(this.seen.kvCacheGib ?? Infinity, value)));
    this.take(
      TOKENS,
      line,
      (value) => (this.seen.kvCacheTokens = Math.min(this.seen.kvCacheTokens ?? Infinity, value)),
    );
    this.take(LENGTH, line, (value) => (this.seen.maxModelLen = value));
    this.take(GRAPHS, line, (value) => (this.seen.cudaGraphGib = Math.max(this.seen.cudaGraphGib ?? 0, value)));
    this.take(ACTIVATION, line, (value) => (this.seen.activationGib = Math.max(this.seen.activationGib ?? 0, value)));
    if (COLD.test(line)) this.cold = true;
  }

  /** Null until the log has said what a calibration needs. */
  figures(): BootFigures | null {
    const { vllmVersion, weightsGib, kvCacheGib, kvCacheTokens, maxModelLen, cudaGraphGib, activationGib } = this.seen;
    if (
      weightsGib === undefined ||
      kvCacheGib === undefined ||
      kvCacheTokens === undefined ||
      maxModelLen === undefined
    )
      return null;
    return {
      vllmVersion: vllmVersion ?? 'unknown',
      weightsGib,
      kvCacheGib,
      kvCacheTokens,
      maxModelLen,
      cudaGraphGib: cudaGraphGib ?? null,
      activationGib: activationGib ?? null,
      coldCompile: this.cold,
    };
  }

  private take(pattern: RegExp, line: string, keep: (value: number) => void): void {
    const text = pattern.exec(line)?.[1];
    if (text !== undefined) keep(Number(text.replaceAll(',', '')));
  }
}
