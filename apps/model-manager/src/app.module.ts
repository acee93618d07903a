import { Bus } from '#common/bus';
import { PlatformModule } from '#common/platform.module';
import { Readiness } from '#common/readiness';
import { Module, type Type } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { AlertsController } from './alerts/alerts.controller';
import { AlertsService } from './alerts/alerts.service';
import { alertsProvider } from './alerts/alerts.provider';
import { benchmarkProvider } from './benchmark/benchmark.provider';
import { BenchmarkService } from './benchmark/benchmark.service';
import { BenchmarksController } from './benchmark/benchmarks.controller';
import { BootStore } from './calibration/boot-store';
import { CalibrationService } from './calibration/calibration.service';
import { Calibrator } from './calibration/calibrator';
import type { Settings } from './config';
import { EnginesController } from './engines/engines.controller';
import { EngineFactory, type EngineNews } from './engines/engine-factory';
import { EnginesService } from './engines/engines.service';
import { Fleet } from './engines/fleet';
import { EngineLogsController } from './logs/engine-logs.controller';
import { EngineLogs } from './logs/engine-logs.service';
import { HardwareMonitor } from './hardware/hardware-monitor';
import { hostGpus } from './hardware/host-gpus';
import { ChatNews } from './news/chat-news';
import { DEFAULT_PROFILE, loadProfile, shapeProfile } from './profiles/load-profile';
import { ModelFacts } from './profiles/model-facts';
import { ProfileStore } from './profiles/profile-store';
import { ProfilesController } from './profiles/profiles.controller';
import type { Profile } from './profiles/profile';
import { ChatServices } from './switching/chat-services';
import { FallbackProfiles } from './switching/fallback-profile';
import { FleetStore } from './switching/fleet-store';
import { MeasuredSwitch } from './switching/measured-switch';
import { SwitchSurroundings } from './switching/switch-surroundings';
import { Lease } from './leadership/lease';
import { LeadershipService } from './leadership/leadership.service';
import { fallbackAlerts, recoveryAlerts } from './recovery/recovery-alerts';
import type { RecoveryNews } from './recovery/stepping-engine';
import { SwitchesController } from './switching/switches.controller';
import { SwitchesService } from './switching/switches.service';
import { ProfilesService } from './profiles/profiles.service';

/** The root module for these settings. @throws ConfigError when the profile is no good. */
export function modelManagerModule(settings: Settings): Type {
  const isExternal = settings.ENGINE_DRIVER === 'external';
  const shaped = (profile: Profile): Profile =>
    shapeProfile(profile, {
      modelId: settings.MODEL_ID,
      tensorParallelSize: settings.VLLM_TP,
      maxModelLen: settings.VLLM_MAXLEN,
      gpuMemoryUtilization: settings.VLLM_UTIL,
    });
  const configured = isExternal ? null : shaped(loadProfile(settings.profilesDirectory, DEFAULT_PROFILE));
  const facts = new ModelFacts(settings.modelsDirectory);
  /** The engines are made after those who hear of them and are asked about them. */
  let onLoaded: EngineNews['onLoaded'] = () => undefined;
  let onExhausted: RecoveryNews['onExhausted'] = () => undefined;
  let endStrays: EngineFactory['endStrays'] = () => Promise.resolve();
  let enginePids: () => number[] = () => [];
  let inForce: () => Profile | null = () => null;

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
      { provide: ChatServices, inject: [Bus], useFactory: (bus: Bus) => new ChatServices(bus) },
      { provide: Lease, inject: [Bus, Logger], useFactory: (bus: Bus, logger: Logger) => new Lease(bus, logger) },
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
        provide: Fleet,
        inject: [CalibrationService, EngineLogs, AlertsService, HardwareMonitor, Logger],
        useFactory: (
          calibration: CalibrationService,
          logs: EngineLogs,
          alerts: AlertsService,
          hardware: HardwareMonitor,
          logger: Logger,
        ) => {
          const news: EngineNews = {
            onStart: (id) => logs.of(id).begin(),
            onLine: (id, line) => {
              logs.add(id, line);
              alerts.readLine(id, line);
            },
            onLoaded: (profile, loadMs) => onLoaded(profile, loadMs),
            onMeasured: (profile, engine, index, figures) => calibration.record(profile, engine, index, figures),
          };
          const recovery = recoveryAlerts(alerts, (exhausted) => onExhausted(exhausted));
          const factory = new EngineFactory(settings, logger, news, hardware, recovery);
          const fleet = new Fleet((plan) => factory.make(plan));
          if (!isExternal) endStrays = (known) => factory.endStrays(known);
          if (isExternal) fleet.putInForce(factory.external());
          inForce = () => fleet.inForce?.plan?.profile ?? null;
          enginePids = () => fleet.status().flatMap((engine) => engine.pid ?? []);
          return fleet;
        },
      },
      {
        provide: ProfilesService,
        inject: [HardwareMonitor, CalibrationService, Fleet, Logger],
        useFactory: (hardware: HardwareMonitor, calibration: CalibrationService, fleet: Fleet, logger: Logger) => {
          const store = new ProfileStore(settings.profilesDirectory, logger);
          return new ProfilesService(
            store,
            facts,
            () => hostGpus(hardware.gpus),
            (name, engine, index) => calibration.measured(name, engine, index),
            () => fleet.inForce?.plan?.profile ?? null,
            () =>
              isExternal
                ? null
                : shaped(store.get(DEFAULT_PROFILE) ?? loadProfile(settings.profilesDirectory, DEFAULT_PROFILE)),
          );
        },
      },
      {
        provide: EnginesService,
        inject: [Bus, Readiness, Fleet, Lease, AlertsService, Logger],
        useFactory: (
          bus: Bus,
          readiness: Readiness,
          fleet: Fleet,
          lease: Lease,
          alerts: AlertsService,
          logger: Logger,
        ) => new EnginesService(fleet, bus, readiness, () => lease.isStandby, alerts, logger),
      },
      {
        provide: SwitchesService,
        inject: [
          Bus,
          Fleet,
          ProfilesService,
          HardwareMonitor,
          ChatServices,
          EngineLogs,
          EnginesService,
          BenchmarkService,
          AlertsService,
          Logger,
        ],
        useFactory: (
          bus: Bus,
          fleet: Fleet,
          profiles: ProfilesService,
          hardware: HardwareMonitor,
          chats: ChatServices,
          logs: EngineLogs,
          engines: EnginesService,
          benchmarks: BenchmarkService,
          alerts: AlertsService,
          logger: Logger,
        ) => {
          const limits = {
            drainTimeoutMs: settings.SWITCH_DRAIN_TIMEOUT_MS,
            fixedPort: settings.ENGINE_PORT !== undefined,
          };
          const revision = (): number => engines.state().revision;
          const surroundings = new SwitchSurroundings(
            profiles,
            hardware,
            chats,
            logs,
            revision,
            limits,
            new MeasuredSwitch(benchmarks),
          );
          const fallbacks = new FallbackProfiles((name) => profiles.toSwitchTo(name), fallbackAlerts(alerts));
          const store = new FleetStore(bus, logger);
          const switches = new SwitchesService(fleet, configured, surroundings, store, fallbacks, logger);
          onLoaded = (profile, loadMs) => switches.noteLoad(profile, loadMs);
          onExhausted = (exhausted) => switches.noteExhausted(exhausted);
          return switches;
        },
      },
      benchmarkProvider(settings, () => inForce()),
      {
        provide: LeadershipService,
        inject: [Lease, SwitchesService, EnginesService, ChatServices, AlertsService, Logger],
        useFactory: (
          lease: Lease,
          switches: SwitchesService,
          engines: EnginesService,
          chats: ChatServices,
          alerts: AlertsService,
          logger: Logger,
        ) =>
          new LeadershipService(
            lease,
            switches,
            engines,
            chats,
            alerts,
            (known) => endStrays(known),
            settings.ENGINE_AT_STOP,
            logger,
          ),
      },
    ],
  })
  class ModelManagerModule {}
  return ModelManagerModule;
}
