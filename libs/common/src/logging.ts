import { Logger, PinoLogger, type Params } from 'nestjs-pino';
import { stdTimeFunctions, type LoggerOptions } from 'pino';

/** Never in a log line, whatever object is logged. Prompts and answers stand under these names in every DTO of ours. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'adminPassword',
  'secret',
  'apiKey',
  'refreshToken',
  'accessToken',
  'prompt',
  'messages',
  'content',
  '["x-api-key"]',
  '["set-cookie"]',
].flatMap((name) => (name.startsWith('[') ? [name, `*${name}`, `*.*${name}`] : [name, `*.${name}`, `*.*.${name}`]));

export function pinoOptions(service: string, level: string): LoggerOptions {
  return {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
}

/** Requests are logged once, when they finish, by who knows their figures; not by the HTTP layer. */
export function loggingParams(service: string, level: string): Params {
  return { pinoHttp: { ...pinoOptions(service, level), autoLogging: false }, forRoutes: [] };
}

/**
 * The logger of a service before its modules are there. With it Nest need not buffer: who waits for a Postgres that is
 * not up yet says so while it waits.
 */
export function serviceLogger(service: string, level: string): Logger {
  const params = loggingParams(service, level);
  return new Logger(new PinoLogger(params), params);
}
