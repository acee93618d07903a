import { Global, Module, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { BusModule, type BusSettings } from './bus.module';
import { HealthController } from './health.controller';
import { loggingParams } from './logging';
import { MetricsController } from './metrics.controller';
import { Readiness } from './readiness';

/** What every service stands on: logs, readiness, health, metrics, the bus. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(
    service: string,
    settings: BusSettings & { LOG_LEVEL: string },
    options: { httpEndpoints: boolean } = { httpEndpoints: true },
  ): DynamicModule {
    return {
      module: PlatformModule,
      imports: [LoggerModule.forRoot(loggingParams(service, settings.LOG_LEVEL)), BusModule.forRoot(settings, service)],
      controllers: options.httpEndpoints ? [HealthController, MetricsController] : [],
      providers: [Readiness],
      exports: [Readiness],
    };
  }
}
