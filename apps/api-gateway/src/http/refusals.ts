import { counter } from '#common/metrics';
import type { ErrorCode } from '#contracts/errors';

/** Made before the first refusal, so that dashboards and alerts know it from the start. */
export function refusals(): ReturnType<typeof counter<'code'>> {
  return counter('tandem_gateway_refused_total', 'Requests that the gateway answered with an error, by code', ['code']);
}

/** Counts what the gateway itself answered with an error: bad credentials, limits, malformed requests. */
export function countRefusal(code: ErrorCode): void {
  refusals().inc({ code });
}
