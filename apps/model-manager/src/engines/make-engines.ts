import type { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import { ProcessDriver } from '../drivers/process-driver';
import type { BootFigures } from '../calibration/boot-figures';
import type { EngineSettings, Profile } from '../profiles/profile';
import { gpuEnvironment, maxNumSeqs, servedName, vllmArguments } from '../profiles/vllm-flags';
import type { Engine } from './engine';
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

/** One engine for each that the profile names; or the one that somebody else runs. `profile` is null for that one. */
export function makeEngines(
  settings: Settings,
  profile: Profile | null,
  logger: Logger,
  onLine: (engineId: string, line: string) => void,
  onMeasured: (engine: EngineSettings, index: number, figures: BootFigures) => void,
): Engine[] {
  const metrics = engineMetrics();
  if (settings.ENGINE_DRIVER === 'external') return [new ExternalEngine(settings.ENGINE_URL ?? '', metrics, logger)];
  if (profile === null) return [];
  const driver = settings.ENGINE_DRIVER;
  return profile.engines.map((engine, index) => {
    const id = `vllm-${index}`;
    const gpus = gpuEnvironment(engine);
    const process = new ProcessDriver({
      id,
      profile: profile.name,
      command: settings.engineCommand,
      args: [...vllmArguments(engine), ...OWN_FLAGS],
      environment: { ...settings.engineEnvironment, ...gpus },
      identity: { ...gpus, ...simulatorVariables(settings.engineEnvironment) },
      port: settings.ENGINE_PORT === undefined ? undefined : settings.ENGINE_PORT + index,
      stateDirectory: settings.engineStateDirectory,
    });
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
        onLine: (line) => onLine(id, line),
        onMeasured: (figures) => onMeasured(engine, index, figures),
      },
      process,
      metrics,
      logger,
    );
  });
}

function simulatorVariables(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('VLLM_SIM_')));
}
