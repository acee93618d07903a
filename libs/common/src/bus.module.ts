import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Bus } from './bus';
import { Commands } from './commands';
import { Readiness } from './readiness';

export interface BusSettings {
  NATS_URL: string;
  JETSTREAM_REPLICAS: number;
}

/** Provides the `Bus` and `Commands` over it, says so in readiness, and closes it last (after everything that drains). */
@Global()
@Module({})
export class BusModule implements OnApplicationShutdown {
  constructor(private readonly bus: Bus) {}

  static forRoot(settings: BusSettings, name: string): DynamicModule {
    return {
      module: BusModule,
      providers: [
        {
          provide: Bus,
          inject: [Logger, Readiness],
          useFactory: async (logger: Logger, readiness: Readiness): Promise<Bus> => {
            const bus = await Bus.connect(settings.NATS_URL, name, logger, settings.JETSTREAM_REPLICAS);
            readiness.add('nats', () => bus.connected);
            return bus;
          },
        },
        Commands,
      ],
      exports: [Bus, Commands],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
  }
}
