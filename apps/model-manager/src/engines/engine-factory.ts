import type { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import { DriverFactory } from '../drivers/driver-factory';
import type { BootFigures } from '../calibration/boot-figures';
import type { EngineSettings } from '../profiles/profile';
import { maxNumSeqs, servedName } from '../profiles/vllm-flags';
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
    const engines = plan.profile.engines.map((engine, index) => this.one(plan, engine, index));
    return new EngineSet(plan, engines);
  }

  private one({ profile, ids }: EngineSetPlan, engine: EngineSettings, index: number): Engine {
    const { settings } = this;
    const driver = settings.ENGINE_DRIVER;
    const id = ids[index] ?? `vllm-${index}`;
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
