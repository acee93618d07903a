import { pyString, pyValue } from './python';

/** An answer that is not a 200. `body` is what vLLM would send, byte for byte where that is deterministic. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: Record<string, unknown>,
    message: string,
  ) {
    super(message);
  }
}

function errorBody(status: number, type: string, message: string, param: string | null): ApiError {
  return new ApiError(status, { error: { message, type, param, code: status } }, message);
}

/** `value` is printed as Python would: the caller renders it. */
export function badRequest(message: string, param: string | null = null, value?: string): ApiError {
  const extras = [param === null ? [] : `parameter=${param}`, value === undefined ? [] : `value=${value}`].flat();
  const full = extras.length > 0 ? `${message} (${extras.join(', ')})` : message;
  return errorBody(400, 'BadRequestError', full, param);
}

export const modelNotFound = (model: string, known: readonly string[]): ApiError =>
  errorBody(
    404,
    'NotFoundError',
    `The model \`${model}\` does not exist. Valid aliases: ${known.join(', ')}.`,
    'model',
  );

const ENGINE_DEAD_MESSAGE = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';

export const engineDead = (): ApiError => errorBody(500, 'InternalServerError', ENGINE_DEAD_MESSAGE, null);

export const internalError = (): ApiError => errorBody(500, 'InternalServerError', 'Internal Server Error', null);

export const scaleOutDisabled = (): ApiError =>
  errorBody(
    403,
    'PermissionDeniedError',
    'Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable them.',
    null,
  );

/** One line of a field validation error, in pydantic's terms. */
export interface Problem {
  readonly type: string;
  /** Dotted, beginning with "body". */
  readonly loc: string;
  readonly msg: string;
  readonly input: unknown;
  /** Already rendered as Python prints the context, or absent. */
  readonly ctx?: string;
}

/** Bounds of vllm/entrypoints/serve/exception_handling/handlers/validation.py. */
const MAX_REPORTED = 10;
const MAX_INPUT_CHARS = 200;
const MAX_PROBLEM_CHARS = 1000;

/** A value as those error texts show it: containers are only counted. */
function shownInput(value: unknown): string {
  if (Array.isArray(value)) return `<list of ${value.length} items>`;
  if (typeof value === 'object' && value !== null) return `<dict of ${Object.keys(value).length} items>`;
  const text = pyValue(value);
  return text.length > MAX_INPUT_CHARS ? `${text.slice(0, MAX_INPUT_CHARS)}...[truncated]` : text;
}

function renderProblem({ type, loc, msg, input, ctx }: Problem): string {
  const fields = [
    `'type': ${pyString(type)}`,
    `'loc': ${pyString(loc)}`,
    `'msg': ${pyString(msg)}`,
    `'input': ${pyString(shownInput(input))}`,
    ctx === undefined ? [] : `'ctx': ${ctx}`,
  ].flat();
  const text = `{${fields.join(', ')}}`;
  return text.length > MAX_PROBLEM_CHARS ? `${text.slice(0, MAX_PROBLEM_CHARS)}...[truncated]` : text;
}

/** The 400 of field validation. `total` when there are more problems than the ones rendered. */
export function invalidFields(problems: readonly Problem[], total = problems.length): ApiError {
  const shown = problems.slice(0, MAX_REPORTED).map(renderProblem);
  const rest = total > shown.length ? [`...and ${total - shown.length} more errors`] : [];
  const head = `${total} validation error${total === 1 ? '' : 's'}:`;
  const message = [head, ...shown, ...rest].join('\n  ');
  return errorBody(400, 'Bad Request', message, problems[0]?.loc ?? null);
}

export const unsupportedMediaType = (): ApiError =>
  errorBody(
    400,
    'Bad Request',
    "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed",
    null,
  );

export const unreadableBody = (): ApiError =>
  new ApiError(400, { detail: 'There was an error parsing the body' }, 'There was an error parsing the body');
