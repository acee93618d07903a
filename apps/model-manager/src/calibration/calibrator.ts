import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'nestjs-pino';
import { checkEngine } from '../fit/check-engine';
import type { Calibrated } from '../fit/check-profile';
import { chooseGpus } from '../fit/choose-gpus';
import { EngineSettingError, planEngine } from '../fit/engine-plan';
import type { FitGpu, MeasuredBoot, ModelLookup } from '../fit/fit-model';
import { gpuFigures, type GpuFigures } from '../fit/gpu-figures';
import { GIB, MIB, middle } from '../fit/units';
import type { EngineSettings } from '../profiles/profile';
import type { BootFigures } from './boot-figures';
import type { StoredBoot } from './boot-store';

/** Settings that a measured boot need not share: their effect is known. */
const FREE = ['gpuMemoryUtilization', 'maxModelLen', 'kvCacheMemoryBytes', 'gpus', 'servedModelName', 'chatTemplate'];
/** A prediction that was off by more is shown as such. */
const OFF_PERCENT = 5;

interface Boots {
  of(host: string, profile: string, engine: number): StoredBoot[];
  save(boot: StoredBoot): void;
}

/** Turns what a boot logged into what the next prediction starts from. */
export class Calibrator {
  constructor(
    private readonly boots: Boots,
    private readonly gpus: () => readonly FitGpu[],
    private readonly lookup: ModelLookup,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {}

  /** Keeps the figures of a boot of this engine. */
  record(profile: string, engine: EngineSettings, index: number, figures: BootFigures): void {
    // With a pinned cache the log says nothing of what the rest takes.
    if (engine['kvCacheMemoryBytes'] !== undefined) return;
    const gpus = this.figuresFor(engine);
    const knowledge = this.lookup(engine.model);
    const [first, ...rest] = gpus;
    if (first === undefined || knowledge.kind === 'unknown') return;
    try {
      const smallest = gpus.reduce((least, gpu) => (gpu.totalBytes < least.totalBytes ? gpu : least));
      const plan = planEngine(engine, knowledge.shape, smallest);
      const predicted = checkEngine(engine, knowledge.shape, [first, ...rest], null);
      const cache = Math.min(...predicted.memory.map(({ kvCache }) => middle(kvCache)));
      const seen = figures.kvCacheGib * GIB;
      const errorPercent = round(((cache - seen) / seen) * 100);
      const host = this.host();
      const weightsBytes = figures.weightsGib * GIB;
      const boot: StoredBoot = {
        host,
        profile,
        engine: index,
        fingerprint: fingerprint(engine),
        vllmVersion: figures.vllmVersion,
        measuredAt: Date.now(),
        boots: (this.boots.of(host, profile, index)[0]?.boots ?? 0) + 1,
        weightsBytes,
        kvCacheBytes: seen,
        restBytes: Math.ceil(smallest.totalBytes * plan.utilisation) - weightsBytes - seen,
        cudaGraphBytes: (figures.cudaGraphGib ?? 0) * GIB,
        kvCacheTokens: figures.kvCacheTokens,
        maxModelLen: figures.maxModelLen,
        coldCompile: figures.coldCompile,
        errorPercent,
      };
      this.boots.save(boot);
      this.tell(boot);
    } catch (error) {
      if (!(error instanceof EngineSettingError)) throw error;
    }
  }

  /** The newest boot of the same engine on this host, whatever version it was. */
  measured(profile: string, engine: EngineSettings, index: number): Calibrated | null {
    const wanted = fingerprint(engine);
    const boot = this.boots.of(this.host(), profile, index).find((known) => known.fingerprint === wanted);
    if (boot === undefined) return null;
    return {
      boot: measuredBoot(boot),
      calibration: {
        vllmVersion: boot.vllmVersion,
        measuredAt: boot.measuredAt,
        boots: boot.boots,
        kvCacheGib: round(boot.kvCacheBytes / GIB),
        kvCacheTokens: boot.kvCacheTokens,
        errorPercent: boot.errorPercent,
        off: Math.abs(boot.errorPercent) > OFF_PERCENT,
        coldCompile: boot.coldCompile,
        // A little under what was there: the graphs and the next driver want some room.
        suggestedKvCacheMemoryBytes: Math.floor((boot.kvCacheBytes * 0.98) / MIB) * MIB,
      },
    };
  }

  private tell(boot: StoredBoot): void {
    const { profile, engine, vllmVersion, errorPercent, kvCacheTokens } = boot;
    const figures = { profile, engine, vllmVersion, errorPercent, kvCacheTokens };
    if (Math.abs(errorPercent) > OFF_PERCENT)
      this.logger.warn({
        msg: 'the predicted KV cache was off by more than 5 %; the next prediction starts from this boot',
        ...figures,
      });
    else this.logger.log({ msg: 'measured a boot', ...figures });
  }

  private figuresFor(engine: EngineSettings): GpuFigures[] {
    const parallel = (engine.tensorParallelSize ?? 1) * Number(engine['pipelineParallelSize'] ?? 1);
    const choice = chooseGpus(engine, parallel, { gpus: this.gpus() });
    return choice.kind === 'chosen' ? choice.gpus.map(gpuFigures) : [];
  }

  /** The cards are the host: a container has a new name after every start. */
  private host(): string {
    const uuids = this.gpus().flatMap(({ uuid }) => (uuid === null ? [] : [uuid]));
    return hash(uuids.length === 0 ? hostname() : uuids.sort().join());
  }
}

function measuredBoot(boot: StoredBoot): MeasuredBoot {
  const { vllmVersion, measuredAt, weightsBytes, kvCacheBytes, restBytes, cudaGraphBytes, kvCacheTokens, maxModelLen } =
    boot;
  return { vllmVersion, measuredAt, weightsBytes, kvCacheBytes, restBytes, cudaGraphBytes, kvCacheTokens, maxModelLen };
}

function fingerprint(engine: EngineSettings): string {
  const entries = Object.entries(engine).filter(([name]) => !FREE.includes(name));
  return hash(JSON.stringify(entries.sort(([one], [other]) => one.localeCompare(other))));
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const round = (value: number): number => Math.round(value * 100) / 100;
