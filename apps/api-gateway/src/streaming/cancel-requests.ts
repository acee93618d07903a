import { Injectable } from '@nestjs/common';
import { RequestError, TimeoutError } from '@nats-io/transport-node';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { ChatSubjects, type CancelRequest } from '#contracts/generate';
import { Bus } from '#common/bus';

/** The owner of a running request answers at once; silence means that nobody runs it. */
const ANSWER_LIMIT_MS = 500;

/** `DELETE /api/requests/{id}`: whichever chat-service runs it, whichever gateway took it. */
@Injectable()
export class CancelRequests {
  constructor(private readonly bus: Bus) {}

  /** @throws CodedError `not_found` when it is not running, or is somebody else's. */
  async cancel(requestId: string, actor: Actor): Promise<void> {
    const message: CancelRequest = { requestId, userId: actor.role === 'admin' ? null : actor.userId };
    try {
      await this.bus.connection.request(ChatSubjects.cancelRequest, JSON.stringify(message), {
        timeout: ANSWER_LIMIT_MS,
      });
    } catch (error) {
      if (error instanceof TimeoutError || error instanceof RequestError) {
        throw new CodedError('not_found', `No request of yours with the id ${requestId} is running.`, { cause: error });
      }
      throw error;
    }
  }
}
