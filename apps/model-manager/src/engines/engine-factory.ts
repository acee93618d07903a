import type { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import { DriverFactory } from '../drivers/driver-factory';
import type { BootFigures } from '../calibration/boot-figures';
import type { EngineSettings, Profile } from '../profiles/profile';
import { maxNumSeqs, servedName } from '../profiles/vllm-flags';
import type { GpuState } from '#contracts/hardware';
import type { HardwareMonitor } from '../hardware/hardware-monitor';
import { MemoryReadBack } from '../recovery/memory-read-back';
import { SteppedFile } from '../recovery/stepped-file';
import { SteppingEngine, type RecoveryNews } from '../recovery/stepping-engine';
import type { Engine } from './engine';
import { EngineSet, type EngineSetPlan } from './engine-set';
import { engineMetrics } from './engine-metrics';
import { EngineSupervisor } from './engine-supervisor';
import { ExternalEngine } from './external-engine';

/** Who wants to know what of an engine. */
export interface EngineNews {
  onStart(engineId: string): void;
  onLine(engineId: string, line: string): void;
  onLoaded(profile: string, loadMs: number): void;
  onMeasured(profile: string, engine: EngineSettings, index: number, figures: BootFigures): void;
}

/** What makes the engines of a profile, each with the driver that is configured. */
export class EngineFactory {
  private readonly metrics = engineMetrics();
  private readonly drivers: DriverFactory;

  constructor(
    private readonly settings: Settings,
    private readonly logger: Logger,
    private readonly news: EngineNews,
    private readonly hardware: HardwareMonitor,
    private readonly recovery: RecoveryNews,
  ) {
    this.drivers = new DriverFactory(settings, logger);
  }

  /** The one that somebody else runs. */
  external(): EngineSet {
    const { ENGINE_URL } = this.settings;
    return new EngineSet(null, [new ExternalEngine(ENGINE_URL ?? '', this.metrics, this.logger)]);
  }

  /** One for each that the profile names. */
  make(plan: EngineSetPlan): EngineSet {
    const engines = plan.profile.engines.map((engine, index) => this.stepping(plan, engine, index));
    return new EngineSet(plan, engines);
  }

  /** Ends what a model-manager before us left of other engines than these. */
  endStrays(known: readonly string[]): Promise<void> {
    return this.drivers.endStrays(known);
  }

  /** It is made anew, with other settings, when its memory runs out. */
  private stepping({ profile, ids }: EngineSetPlan, engine: EngineSettings, index: number): Engine {
    const { settings, hardware, recovery, logger } = this;
    const id = ids[index] ?? `vllm-${index}`;
    const memory = new MemoryReadBack(
      () => hardware.usedMib(),
      () => cardsOf(engine, hardware.gpus),
    );
    const file = new SteppedFile(settings.engineStateDirectory, id);
    const make = (stepped: EngineSettings): Engine => this.one(profile, id, stepped, index, memory);
    return new SteppingEngine(profile, index, make, file, recovery, logger);
  }

  private one(profile: Profile, id: string, engine: EngineSettings, index: number, memory: MemoryReadBack): Engine {
    const { settings } = this;
    const driver = settings.ENGINE_DRIVER;
    return new EngineSupervisor(
      {
        id,
        driver,
        profile: profile.name,
        model: engine.model,
        aliases: profile.aliases,
        servedName: servedName(engine),
        maxNumSeqs: maxNumSeqs(engine, driver === 'simulator' ? settings.engineEnvironment : {}),
        loadTimeoutMs: settings.ENGINE_LOAD_TIMEOUT_MS,
        hangTimeoutMs: settings.ENGINE_HANG_TIMEOUT_MS,
        stopTimeoutMs: settings.ENGINE_STOP_TIMEOUT_MS,
        drainTimeoutMs: settings.DRAIN_TIMEOUT_MS,
        onStart: () => this.news.onStart(id),
        memoryHeld: () => memory.missing(),
        onLine: (line) => this.news.onLine(id, line),
        onLoaded: (loadMs) => this.news.onLoaded(profile.name, loadMs),
        onMeasured: (figures) => this.news.onMeasured(profile.name, engine, index, figures),
      },
      this.drivers.make({ id, profile: profile.name, engine, index }),
      this.metrics,
      this.logger,
    );
  }
}

/** Indices of the cards that an engine may use; null: all. */
function cardsOf({ gpus }: EngineSettings, host: readonly GpuState[]): number[] | null {
  if (gpus === undefined) return null;
  return gpus.flatMap((name) => host.find(({ index, uuid }) => index === name || uuid === name)?.index ?? []);
}
