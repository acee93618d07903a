import { Bus } from '#common/bus';
import type { FactoryProvider } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import { ChatNews } from '../news/chat-news';
import { RecordBucket } from '../storage/record-bucket';
import { AlertsService } from './alerts.service';
import { makeChannels } from './make-channels';
import { Notices } from './notices';
import { STORED_ALERTS } from './stored-alert';

/** Alerts as they are configured. */
export function alertsProvider(settings: Settings): FactoryProvider<AlertsService> {
  const limits = {
    windowMs: settings.ALERT_WINDOW_MS,
    coolDownMs: settings.ALERT_COOL_DOWN_MS,
    thresholds: {
      log_errors: settings.ALERT_ERRORS,
      cuda_out_of_memory: settings.ALERT_CUDA_OUT_OF_MEMORY,
      request_timeouts: settings.ALERT_REQUEST_TIMEOUTS,
    },
  };
  return {
    provide: AlertsService,
    inject: [Bus, ChatNews, Logger],
    useFactory: (bus: Bus, news: ChatNews, logger: Logger) =>
      new AlertsService(
        bus,
        limits,
        new Notices(makeChannels(settings), logger),
        new RecordBucket(bus, STORED_ALERTS, logger),
        news,
        logger,
      ),
  };
}
