import 'reflect-metadata';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { natsOptions } from './bus';
import { ConfigError } from './config';
import { collectProcessMetrics } from './metrics';
import { RpcErrorFilter } from './rpc-errors';
import { startTracing, stopTracing } from './tracing';

export interface ServiceSettings {
  HOST: string;
  PORT: number;
  NATS_URL: string;
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
}

/** Runs a service's `main`: a configuration error is one line and exit 2, anything else its stack and exit 1. */
export function runMain(start: () => Promise<unknown>): void {
  start().catch((error: unknown) => {
    process.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `${errorText(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  });
}

/**
 * Starts a service that has no public HTTP: a NATS microservice for commands (queue group of its own name) beside a
 * small HTTP port for health and metrics. SIGTERM runs Nest's shutdown hooks, in which streams are drained.
 */
export async function startService(
  name: string,
  root: Type | DynamicModule,
  settings: ServiceSettings,
  /** Commands are taken once this is over; without it before the service listens. */
  commandsAfter?: (app: INestApplication) => Promise<void>,
): Promise<INestApplication> {
  collectProcessMetrics();
  await startTracing(name, settings.OTEL_EXPORTER_OTLP_ENDPOINT);
  const app = await NestFactory.create(root, new FastifyAdapter(), { bufferLogs: true });
  const logger = app.get(Logger);
  app.useLogger(logger);
  // Before the microservice: connecting it binds the command handlers with the filters that are there.
  app.useGlobalFilters(new RpcErrorFilter(logger));
  app.connectMicroservice<MicroserviceOptions>(
    { transport: Transport.NATS, options: { ...natsOptions(settings.NATS_URL, `${name}-commands`), queue: name } },
    { inheritAppConfig: true },
  );
  stopOnSignals(app, logger);
  if (commandsAfter === undefined) await app.startAllMicroservices();
  await app.listen(settings.PORT, settings.HOST);
  if (commandsAfter !== undefined) void commandsAfter(app).then(() => app.startAllMicroservices());
  logger.log(`${name} listens on ${await app.getUrl()}`);
  return app;
}

/** SIGTERM and SIGINT close the app once; a second signal does not cut a drain short. */
export function stopOnSignals(app: INestApplication, logger: Logger): void {
  let closing = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (closing) return;
    closing = true;
    logger.log(`${signal}: shutting down`);
    app
      .close()
      .then(stopTracing)
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({
            msg: 'the shutdown failed half way, and the process ends now; what it had begun is taken up at the next start',
            err: error,
          });
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
