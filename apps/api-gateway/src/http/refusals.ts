import { counter } from '#common/metrics';
import type { ErrorCode } from '#contracts/errors';

/** Counts what the gateway itself answered with an error: bad credentials, limits, malformed requests. */
export function countRefusal(code: ErrorCode): void {
  counter('tandem_gateway_refused_total', 'Requests that the gateway answered with an error, by code', ['code']).inc({
    code,
  });
}
