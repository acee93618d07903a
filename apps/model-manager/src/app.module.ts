import { Bus } from '#common/bus';
import { PlatformModule } from '#common/platform.module';
import { Readiness } from '#common/readiness';
import { Module, type Type } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { AlertsController } from './alerts/alerts.controller';
import { AlertsService } from './alerts/alerts.service';
import { alertsProvider } from './alerts/alerts.provider';
import { benchmarkProvider } from './benchmark/benchmark.provider';
import { BenchmarksController } from './benchmark/benchmarks.controller';
import { BootStore } from './calibration/boot-store';
import { CalibrationService } from './calibration/calibration.service';
import { Calibrator } from './calibration/calibrator';
import type { Settings } from './config';
import { EnginesController } from './engines/engines.controller';
import { EnginesService } from './engines/engines.service';
import { makeEngines } from './engines/make-engines';
import { EngineLogsController } from './logs/engine-logs.controller';
import { EngineLogs } from './logs/engine-logs.service';
import { HardwareMonitor } from './hardware/hardware-monitor';
import { hostGpus } from './hardware/host-gpus';
import { ChatNews } from './news/chat-news';
import { DEFAULT_PROFILE, loadProfile, shapeProfile } from './profiles/load-profile';
import { ModelFacts } from './profiles/model-facts';
import { ProfileStore } from './profiles/profile-store';
import { ProfilesController } from './profiles/profiles.controller';
import { SwitchesController } from './switching/switches.controller';
import { SwitchesService } from './switching/switches.service';
import { ProfilesService } from './profiles/profiles.service';

/** The root module for these settings. @throws ConfigError when the profile is no good. */
export function modelManagerModule(settings: Settings): Type {
  const profile =
    settings.ENGINE_DRIVER === 'external'
      ? null
      : shapeProfile(loadProfile(settings.profilesDirectory, DEFAULT_PROFILE), {
          modelId: settings.MODEL_ID,
          tensorParallelSize: settings.VLLM_TP,
          maxModelLen: settings.VLLM_MAXLEN,
          gpuMemoryUtilization: settings.VLLM_UTIL,
        });
  const facts = new ModelFacts(settings.modelsDirectory);
  /** Leaders of the process groups of our engines; the engines are made after the monitor that asks for them. */
  let enginePids: () => number[] = () => [];

  @Module({
    imports: [PlatformModule.forRoot('model-manager', settings)],
    controllers: [
      AlertsController,
      BenchmarksController,
      EnginesController,
      EngineLogsController,
      ProfilesController,
      SwitchesController,
    ],
    providers: [
      ChatNews,
      alertsProvider(settings),
      { provide: EngineLogs, inject: [Bus], useFactory: (bus: Bus) => new EngineLogs(bus) },
      {
        provide: SwitchesService,
        inject: [Bus, Logger],
        useFactory: (bus: Bus, logger: Logger) => new SwitchesService(bus, logger),
      },
      {
        provide: HardwareMonitor,
        inject: [Logger],
        useFactory: (logger: Logger) =>
          new HardwareMonitor(settings.nvidiaSmiCommand, settings.engineEnvironment, () => enginePids(), logger),
      },
      {
        provide: CalibrationService,
        inject: [Bus, HardwareMonitor, Logger],
        useFactory: (bus: Bus, hardware: HardwareMonitor, logger: Logger) => {
          const store = new BootStore(bus, logger);
          const gpus = () => hostGpus(hardware.gpus);
          return new CalibrationService(store, new Calibrator(store, gpus, (id) => facts.find(id), logger));
        },
      },
      {
        provide: ProfilesService,
        inject: [HardwareMonitor, CalibrationService, Logger],
        useFactory: (hardware: HardwareMonitor, calibration: CalibrationService, logger: Logger) =>
          new ProfilesService(
            new ProfileStore(settings.profilesDirectory, logger),
            facts,
            () => hostGpus(hardware.gpus),
            (name, engine, index) => calibration.measured(name, engine, index),
            () => profile,
          ),
      },
      {
        provide: EnginesService,
        inject: [Bus, Readiness, CalibrationService, EngineLogs, AlertsService, Logger],
        useFactory: (
          bus: Bus,
          readiness: Readiness,
          calibration: CalibrationService,
          logs: EngineLogs,
          alerts: AlertsService,
          logger: Logger,
        ) => {
          const engines = makeEngines(
            settings,
            profile,
            logger,
            (id, line) => {
              logs.add(id, line);
              alerts.readLine(id, line);
            },
            (engine, index, figures) => calibration.record(profile?.name ?? '', engine, index, figures),
          );
          enginePids = () => engines.flatMap((engine) => engine.status().pid ?? []);
          return new EnginesService(profile?.name ?? null, engines, bus, readiness, alerts, logger);
        },
      },
      benchmarkProvider(settings, () => profile),
    ],
  })
  class ModelManagerModule {}
  return ModelManagerModule;
}
