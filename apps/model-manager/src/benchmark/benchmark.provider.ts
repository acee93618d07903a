import { Bus } from '#common/bus';
import { SystemRequests } from '#common/system-requests';
import type { BenchmarkRun } from '#contracts/benchmarks';
import type { FactoryProvider } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { AlertsService } from '../alerts/alerts.service';
import { CalibrationService } from '../calibration/calibration.service';
import type { Settings } from '../config';
import { EnginesService } from '../engines/engines.service';
import { ChatNews } from '../news/chat-news';
import type { Profile } from '../profiles/profile';
import { RecordBucket } from '../storage/record-bucket';
import { BenchmarkService } from './benchmark.service';
import { parseRun } from './stored-run';
import { benchmarkTarget } from './target';

/** Benchmarks as they are configured. `inForce` is null where somebody else runs the engine. */
export function benchmarkProvider(
  settings: Settings,
  inForce: () => Profile | null,
): FactoryProvider<BenchmarkService> {
  return {
    provide: BenchmarkService,
    inject: [Bus, EnginesService, CalibrationService, ChatNews, AlertsService, Logger],
    useFactory: (
      bus: Bus,
      engines: EnginesService,
      calibration: CalibrationService,
      news: ChatNews,
      alerts: AlertsService,
      logger: Logger,
    ) => {
      /** Settings and version of each engine. */
      const parameters = (profile: Profile | null): unknown =>
        profile?.engines.map((engine, index) => [
          engine,
          calibration.measured(profile.name, engine, index)?.calibration.vllmVersion,
        ]);
      const kind = {
        bucket: 'models-benchmarks',
        keyOf: ({ profile, id }: BenchmarkRun) => [profile, id],
        parse: parseRun,
      };
      return new BenchmarkService(
        {
          target: () => benchmarkTarget(engines.state(), parameters(inForce())),
          afterChange: settings.BENCHMARK_AFTER_CHANGE,
          whenNew: settings.ENGINE_DRIVER === 'process',
          regressionPercent: settings.BENCHMARK_REGRESSION_PERCENT,
        },
        new RecordBucket(bus, kind, logger),
        new SystemRequests(bus, 'benchmark'),
        news,
        alerts,
        logger,
      );
    },
  };
}
