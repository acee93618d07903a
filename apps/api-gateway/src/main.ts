import 'reflect-metadata';
import { runMain, stopOnSignals } from '#common/service';
import { collectProcessMetrics } from '#common/metrics';
import { startTracing } from '#common/tracing';
import { Logger } from 'nestjs-pino';
import { loadConfig } from './config';
import { createGateway } from './http/server';

runMain(async () => {
  const config = loadConfig(process.env);
  collectProcessMetrics();
  await startTracing('api-gateway', config.OTEL_EXPORTER_OTLP_ENDPOINT);
  const app = await createGateway(config);
  const logger = app.get(Logger);
  stopOnSignals(app, logger);
  await app.listen(config.PORT, config.HOST);
  logger.log(`api-gateway listens on ${await app.getUrl()}`);
});
