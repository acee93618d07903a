import { Logger, PinoLogger, type Params } from 'nestjs-pino';
import { destination, stdSerializers, stdTimeFunctions, type DestinationStream, type LoggerOptions } from 'pino';
import { maskPii } from './pii';

/** Never in a log line, whatever object is logged. Prompts and answers stand under these names in every DTO of ours. */
const SECRET = new Set([
  'authorization',
  'x-api-key',
  'cookie',
  'set-cookie',
  'password',
  'adminPassword',
  'secret',
  'apiKey',
  'key',
  'refreshToken',
  'accessToken',
  'prompt',
  'messages',
  'content',
  'answer',
]);
const MAX_DEPTH = 4;

/**
 * The object without its secrets, at any depth that is logged. Ours instead of pino's `redact`, whose wildcard paths
 * were a tenth of chat-service's CPU time (docs/performance.md); this looks at each key once.
 */
export function withoutSecrets(value: Record<string, unknown>, depth = 0): Record<string, unknown> {
  let copy: Record<string, unknown> | null = null;
  for (const key of Object.keys(value)) {
    const item = value[key];
    let shown = item;
    if (SECRET.has(key)) shown = '[redacted]';
    else if (isPlainObject(item) && depth < MAX_DEPTH) shown = withoutSecrets(item, depth + 1);
    if (shown !== item) (copy ??= { ...value })[key] = shown;
  }
  return copy ?? value;
}

/** Errors and other instances are pino's serializers' business. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function pinoOptions(service: string, level: string): LoggerOptions {
  return {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: maskedError },
    formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
  };
}

/** What an engine or a database complains about may hold what somebody wrote. */
function maskedError(error: Error): unknown {
  const shown = stdSerializers.err(error);
  return error instanceof Error ? { ...shown, message: maskPii(shown.message), stack: maskPii(shown.stack) } : shown;
}

/** A line is on its way to the file after this time at the latest; a write a line cost more than the line. */
const FLUSH_MS = 100;
/** So many characters are handed on before their time. */
const GATHERED_CHARS = 8 * 1024;

/**
 * Lines are gathered for a moment; what is left when the process ends is written then. Gathered here and not by sonic-boom,
 * which looks at the bytes of each line: that was half of what a line cost.
 */
function bufferedStdout(): DestinationStream {
  const file = destination({ dest: 1, sync: false });
  let lines: string[] = [];
  let chars = 0;
  const handOn = (): void => {
    if (chars === 0) return;
    file.write(lines.join(''));
    lines = [];
    chars = 0;
  };
  setInterval(handOn, FLUSH_MS).unref();
  const flushNow = (): void => {
    try {
      handOn();
      file.flushSync();
    } catch (error) {
      // stdout is closed already: nobody reads any more.
      if (!(error instanceof Error)) throw error;
    }
  };
  process.on('exit', flushNow);
  process.on('uncaughtExceptionMonitor', flushNow);
  return {
    write: (line) => {
      lines.push(line);
      chars += line.length;
      if (chars >= GATHERED_CHARS) handOn();
    },
  };
}

let stdout: DestinationStream | null = null;

/** Requests are logged once, when they finish, by who knows their figures; not by the HTTP layer. */
export function loggingParams(service: string, level: string): Params {
  stdout ??= bufferedStdout();
  return { pinoHttp: [{ ...pinoOptions(service, level), autoLogging: false }, stdout], forRoutes: [] };
}

/**
 * The logger of a service before its modules are there. With it Nest need not buffer: who waits for a Postgres that is
 * not up yet says so while it waits.
 */
export function serviceLogger(service: string, level: string): Logger {
  const params = loggingParams(service, level);
  return new Logger(new PinoLogger(params), params);
}
