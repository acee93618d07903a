import type { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import type { EngineDriver } from '../drivers/engine-driver';
import { ProcessDriver } from '../drivers/process-driver';
import type { BootFigures } from '../calibration/boot-figures';
import type { EngineSettings, Profile } from '../profiles/profile';
import { gpuEnvironment, maxNumSeqs, servedName, vllmArguments } from '../profiles/vllm-flags';
import type { Engine } from './engine';
import { EngineSet, type EngineSetPlan } from './engine-set';
import { engineMetrics } from './engine-metrics';
import { EngineSupervisor } from './engine-supervisor';
import { ExternalEngine } from './external-engine';

/**
 * Given to every engine that is started here. Load tracking is what shows a request that a hung engine core never took;
 * the probes would be most of the access log.
 */
const OWN_FLAGS = [
  '--enable-server-load-tracking',
  '--disable-access-log-for-endpoints',
  '/health,/metrics,/load,/v1/models',
];

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

  constructor(
    private readonly settings: Settings,
    private readonly logger: Logger,
    private readonly news: EngineNews,
  ) {}

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
    const driver = settings.ENGINE_DRIVER === 'simulator' ? 'simulator' : 'process';
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
      this.driver(profile, engine, id, index),
      this.metrics,
      this.logger,
    );
  }

  private driver(profile: Profile, engine: EngineSettings, id: string, index: number): EngineDriver {
    const { settings } = this;
    const gpus = gpuEnvironment(engine);
    return new ProcessDriver({
      id,
      profile: profile.name,
      command: settings.engineCommand,
      args: [...vllmArguments(engine), ...OWN_FLAGS],
      environment: { ...settings.engineEnvironment, ...gpus },
      identity: { ...gpus, ...simulatorVariables(settings.engineEnvironment) },
      port: settings.ENGINE_PORT === undefined ? undefined : settings.ENGINE_PORT + index,
      stateDirectory: settings.engineStateDirectory,
    });
  }
}

function simulatorVariables(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('VLLM_SIM_')));
}
