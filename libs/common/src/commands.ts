import { Injectable } from '@nestjs/common';
import { RequestError, TimeoutError } from '@nats-io/transport-node';
import { CodedError, isWireError } from '#contracts/errors';
import { Bus } from './bus';

/** Longer than any command of ours takes, shorter than a client waits. */
const ANSWER_LIMIT_MS = 15_000;

/** What Nest's NATS transport answers (@nestjs/microservices, WritePacket). */
interface Reply<Answer> {
  response?: Answer;
  err?: unknown;
}

/**
 * Sends commands to the `@MessagePattern` handlers of other services, in the envelope of Nest's NATS transport but over the
 * one connection that the service has anyway: Nest's client would open a second, and knows no time limit.
 */
@Injectable()
export class Commands {
  constructor(private readonly bus: Bus) {}

  /** @throws CodedError the one that the handler threw; `service_unavailable` when nobody answers. */
  async send<Answer>(subject: string, data: unknown, timeoutMs = ANSWER_LIMIT_MS): Promise<Answer> {
    const envelope = JSON.stringify({ pattern: subject, data, id: '1' });
    const message = await this.bus.connection.request(subject, envelope, { timeout: timeoutMs }).catch(unavailable);
    const reply = message.json<Reply<Answer>>();
    if (isWireError(reply.err)) throw CodedError.fromWire(reply.err);
    if (reply.err !== undefined || reply.response === undefined)
      throw new Error(`the handler of ${subject} failed`, { cause: reply.err });
    return reply.response;
  }
}

/** @throws CodedError `service_unavailable` for a request that nobody answered; anything else as it is. */
export function unavailable(error: unknown): never {
  if (error instanceof TimeoutError || error instanceof RequestError)
    throw new CodedError('service_unavailable', 'A service that this needs does not answer. Try again in a moment.', {
      cause: error,
    });
  throw error;
}
