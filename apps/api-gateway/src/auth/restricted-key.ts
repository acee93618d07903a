import { CodedError } from '#contracts/errors';
import type { FastifyRequest } from 'fastify';

/**
 * A key with limits could else make itself one without; an admin's could make an admin, or set its owner's password, and
 * sign in without limits.
 * @throws CodedError `insufficient_permissions`
 */
export function refuseRestrictedKey({ access }: FastifyRequest): void {
  if (access?.restricted === true)
    throw new CodedError(
      'insufficient_permissions',
      'A key that has limits itself may not manage keys or users. Sign in, or use a key without limits.',
    );
}
