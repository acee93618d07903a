/**
 * The one table of errors: code -> HTTP status, OpenAI type, whether a retry can help, and when.
 * Services throw `CodedError`; the HTTP filter and the RPC filter render it. `type` and `code` are OpenAI's where
 * OpenAI has the case (https://platform.openai.com/docs/guides/error-codes), so that the classes of its SDK match.
 */
interface ErrorRow {
  readonly status: number;
  readonly type: string;
  readonly retryable: boolean;
  /** Seconds for `Retry-After` when the thrower knows no better. */
  readonly retryAfterS?: number;
}

const badRequest = { status: 400, type: 'invalid_request_error', retryable: false } as const;
const unauthorized = { status: 401, type: 'invalid_request_error', retryable: false } as const;
const timeout = { status: 504, type: 'server_error', retryable: true } as const;
const unavailable = { status: 503, type: 'server_error', retryable: true } as const;

export const ERRORS = {
  invalid_json: badRequest,
  invalid_value: badRequest,
  missing_required_parameter: badRequest,
  unsupported_parameter: badRequest,
  context_length_exceeded: badRequest,
  engine_rejected_request: badRequest,
  /** A request or an answer holds what the guardrails ban. */
  content_blocked: badRequest,
  invalid_api_key: unauthorized,
  invalid_token: unauthorized,
  /** The account or key of a running request was disabled or deleted. */
  access_revoked: unauthorized,
  invalid_credentials: unauthorized,
  insufficient_permissions: { ...badRequest, status: 403 },
  not_found: { ...badRequest, status: 404 },
  model_not_found: { ...badRequest, status: 404 },
  method_not_allowed: { ...badRequest, status: 405 },
  request_timeout: { ...badRequest, status: 408, retryable: true },
  conflict: { ...badRequest, status: 409 },
  /** A profile that cannot fit on the host; the answer holds the fit. */
  does_not_fit: { ...badRequest, status: 422 },
  request_too_large: { ...badRequest, status: 413 },
  unsupported_media_type: { ...badRequest, status: 415 },
  headers_too_large: { ...badRequest, status: 431 },
  /** nginx's 499: the client (or its owner, by DELETE) ended the request; mostly seen in the ledger. */
  request_cancelled: { status: 499, type: 'invalid_request_error', retryable: false },
  rate_limit_exceeded: { status: 429, type: 'requests', retryable: true, retryAfterS: 1 },
  insufficient_quota: { status: 429, type: 'insufficient_quota', retryable: false },
  /** The queue in front of the engine is full; `Retry-After` is computed from how fast it moves. */
  queue_full: { status: 429, type: 'requests', retryable: true, retryAfterS: 2 },
  too_many_in_flight: { status: 429, type: 'requests', retryable: true, retryAfterS: 2 },
  internal_error: { status: 500, type: 'server_error', retryable: true },
  engine_error: { status: 502, type: 'server_error', retryable: true, retryAfterS: 2 },
  upstream_truncated: { status: 502, type: 'server_error', retryable: true, retryAfterS: 2 },
  stream_interrupted: { status: 502, type: 'server_error', retryable: true, retryAfterS: 1 },
  /** The client read more slowly than the bound allows; only ever seen as the last event of a stream. */
  slow_reader: { status: 503, type: 'server_error', retryable: true },
  /** The request waited for its turn until its deadline. */
  queue_deadline_exceeded: { ...unavailable, retryAfterS: 5 },
  engine_unavailable: { ...unavailable, retryAfterS: 5 },
  service_unavailable: { ...unavailable, retryAfterS: 2 },
  shutting_down: { ...unavailable, retryAfterS: 5 },
  ledger_unavailable: { ...unavailable, retryAfterS: 10 },
  first_token_timeout: { ...timeout, retryAfterS: 5 },
  between_tokens_timeout: { ...timeout, retryAfterS: 5 },
  request_deadline_exceeded: timeout,
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** What travels in `{"error": ...}` bodies, SSE error events and RPC answers alike. */
export interface ErrorBody {
  message: string;
  type: string;
  param: string | null;
  code: string;
}

export interface ErrorDetails {
  /** The request's field that is wrong, in the caller's own words (`messages[3].role`). */
  param?: string | null;
  /** Seconds after which a retry makes sense; overrides the table. */
  retryAfterS?: number;
  /** OpenAI's `type` where one code has two: `rate_limit_exceeded` is of `requests` or of `tokens`. */
  type?: 'requests' | 'tokens';
  cause?: unknown;
  /** What stands beside `error` in an HTTP answer: the fit of a profile that does not fit. Does not travel between services. */
  beside?: Readonly<Record<string, unknown>>;
}

/** An error with a code from the table: the only kind that a service throws on purpose. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly param: string | null;
  readonly retryAfterS: number | undefined;
  readonly type: string;
  readonly beside: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.param = details.param ?? null;
    this.retryAfterS = details.retryAfterS ?? retryAfterOf(code);
    this.type = details.type ?? ERRORS[code].type;
    this.beside = details.beside ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** OpenAI's error object, without the `{"error": ...}` around it. */
  toBody(): ErrorBody {
    return { ...errorBody(this.code, this.message, this.param), type: this.type };
  }

  /** What the other side of an RPC needs to throw the same error again. */
  toWire(): WireError {
    const wire: WireError = { code: this.code, message: this.message, param: this.param };
    if (this.retryAfterS !== undefined) wire.retryAfterS = this.retryAfterS;
    if (this.type === 'requests' || this.type === 'tokens') wire.type = this.type;
    return wire;
  }

  static fromWire(wire: WireError): CodedError {
    return new CodedError(wire.code, wire.message, {
      param: wire.param,
      ...(wire.retryAfterS === undefined ? {} : { retryAfterS: wire.retryAfterS }),
      ...(wire.type === undefined ? {} : { type: wire.type }),
    });
  }
}

export interface WireError {
  code: ErrorCode;
  message: string;
  param: string | null;
  retryAfterS?: number;
  type?: 'requests' | 'tokens';
}

export function errorBody(code: ErrorCode, message: string, param: string | null = null): ErrorBody {
  return { message, type: ERRORS[code].type, param, code };
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

export function isWireError(value: unknown): value is WireError {
  return (
    typeof value === 'object' && value !== null && 'code' in value && isErrorCode(value.code) && 'message' in value
  );
}

function retryAfterOf(code: ErrorCode): number | undefined {
  const row: ErrorRow = ERRORS[code];
  return row.retryAfterS;
}
