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
const UNAVAILABLE_STATES = /^(08|53|57)/;
/** What pg itself says; these errors carry no code (pg/lib/client.js, pg-pool/index.js). */
const UNAVAILABLE_MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout/;

const UNIQUE_VIOLATION = '23505';

/** True when Postgres cannot be asked now, as opposed to having answered with an error. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return (
    (code !== null && (CONNECTION_ERRORS.has(code) || (code.length === 5 && UNAVAILABLE_STATES.test(code)))) ||
    UNAVAILABLE_MESSAGES.test(error.message)
  );
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === UNIQUE_VIOLATION;
}

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
