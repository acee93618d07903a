import { CodedError, type ErrorDetails } from '#contracts/errors';

/** An error as an engine reported it, before or inside a stream. */
export interface EngineError {
  status: number;
  message: string;
  param?: string | null;
}

/** Longest part of an engine's message that is repeated to a client: grammar errors quote whole grammars. */
const MAX_MESSAGE_CHARS = 1_000;

/**
 * Reads the three shapes of vLLM's error bodies: `{"error":{message,type,param,code}}`, `{"detail":...}` and
 * `{"error":"..."}` (recorded from 0.32.0).
 * @param status HTTP status, for bodies that name none.
 */
export function parseEngineError(body: string, status: number): EngineError {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { status, message: 'the engine sent an error that is no JSON' };
  }
  const error = property(value, 'error');
  const message = property(error, 'message') ?? error ?? property(value, 'detail');
  const code = property(error, 'code');
  const param = property(error, 'param');
  return {
    status: typeof code === 'number' && code >= 400 && code < 600 ? code : status,
    message: typeof message === 'string' ? message : 'the engine gave no reason',
    param: typeof param === 'string' ? param : null,
  };
}

/** Who a client is told of when it goes wrong. */
export const OWN_ENGINE = 'The engine';
export const OTHER_SERVER = 'The server that stands in for the engines of this installation';

/** What the client is told about an engine's error. A message about the client's request is passed on, one about the engine's inside is not. */
export function toCodedError(error: EngineError, model: string, server = OWN_ENGINE): CodedError {
  const message = error.message.slice(0, MAX_MESSAGE_CHARS);
  const details: ErrorDetails = { param: error.param ?? null, cause: error };
  // Its key, or the model that we ask it for: nothing that the client could change.
  if (server === OTHER_SERVER && NOT_CONFIGURED.includes(error.status))
    return new CodedError(
      'engine_unavailable',
      `${server} refuses Tandem (${error.status}); ask the operator.`,
      details,
    );
  if (error.status === 404) {
    return new CodedError('model_not_found', `The model \`${model}\` does not exist or you do not have access to it.`, {
      ...details,
      param: 'model',
    });
  }
  if (
    error.status >= 400 &&
    error.status < 500 &&
    error.status !== 401 &&
    error.status !== 403 &&
    error.status !== 429
  ) {
    return isContextOverflow(message)
      ? new CodedError('context_length_exceeded', message, { ...details, param: 'messages' })
      : new CodedError('engine_rejected_request', message, details);
  }
  if (error.status === 503 || error.status === 429) {
    return new CodedError(
      'engine_unavailable',
      `${server} cannot take this request now. Try again in a moment.`,
      details,
    );
  }
  return new CodedError(
    'engine_error',
    `${server} failed while it worked on this request. Try again in a moment.`,
    details,
  );
}

const NOT_CONFIGURED = [401, 403, 404];

/**
 * Whether the engine, and not the request, is what failed: its API server says that its core is dead, or a proxy that
 * nobody is behind it. Another engine can then do better; after any other error it would only fail in the same way.
 */
export function isEngineGone({ status, message }: EngineError): boolean {
  return status === 502 || status === 503 || (status === 500 && message.includes('EngineCore'));
}

/** vLLM: `This model's maximum context length is N tokens...`, `max_tokens=N cannot be greater than max_model_len=M`. */
function isContextOverflow(message: string): boolean {
  return message.includes('maximum context length') || message.includes('max_model_len');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
