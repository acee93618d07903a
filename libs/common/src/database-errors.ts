/** Node's errors of a connection that could not be made or broke. */
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** SQLSTATE: connection exceptions (08), insufficient resources (53), operator intervention (57). */
const UNAVAILABLE_STATES = /^(08|53|57)...$/;
/** What pg itself says; these errors carry no code (pg/lib/client.js, pg-pool/index.js). */
const UNAVAILABLE_MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout/;

const UNIQUE_VIOLATION = '23505';

/** True when Postgres cannot be asked now, as opposed to having answered with an error. */
export function isDatabaseAway(error: unknown): boolean {
  const { code, message } = partsOf(error);
  return CONNECTION_ERRORS.has(code) || UNAVAILABLE_STATES.test(code) || UNAVAILABLE_MESSAGES.test(message);
}

export function isUniqueViolation(error: unknown): boolean {
  return partsOf(error).code === UNIQUE_VIOLATION;
}

/** By what it has, not by its class: an error of node's own comes from another realm under Jest. */
function partsOf(error: unknown): { code: string; message: string } {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    message?: unknown;
  };
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
}
