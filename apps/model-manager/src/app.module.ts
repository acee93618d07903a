import { Bus } from '#common/bus';
import { PlatformModule } from '#common/platform.module';
import { Readiness } from '#common/readiness';
import { Module, type Type } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Settings } from './config';
import { EnginesController } from './engines/engines.controller';
import { EnginesService } from './engines/engines.service';
import { makeEngines } from './engines/make-engines';
import { HardwareMonitor } from './hardware/hardware-monitor';
import { DEFAULT_PROFILE, loadProfile, shapeProfile } from './profiles/load-profile';

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

  @Module({
    imports: [PlatformModule.forRoot('model-manager', settings)],
    controllers: [EnginesController],
    providers: [
      {
        provide: HardwareMonitor,
        inject: [Logger],
        useFactory: (logger: Logger) =>
          new HardwareMonitor(settings.nvidiaSmiCommand, settings.engineEnvironment, logger),
      },
      {
        provide: EnginesService,
        inject: [Bus, Readiness, Logger],
        useFactory: (bus: Bus, readiness: Readiness, logger: Logger) =>
          new EnginesService(profile?.name ?? null, makeEngines(settings, profile, logger), bus, readiness, logger),
      },
    ],
  })
  class ModelManagerModule {}
  return ModelManagerModule;
}
