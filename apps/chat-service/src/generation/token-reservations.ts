import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import {
  ReservationSubjects,
  type ReserveAnswer,
  type ReserveTokens,
  type SettleTokens,
} from '#contracts/token-reservations';
import { Bus } from '#common/bus';
import type { Route } from '../engines/engine-router';
import type { EnginePool } from '../engines/http/engine-pool';
import { countPromptTokens, estimatePromptTokens } from '../engines/prompt-tokens';

const ANSWER_LIMIT_MS = 5_000;

/** Has the tokens of requests with a token limit reserved by their gateways, and settled at their end. */
@Injectable()
export class TokenReservations {
  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {}

  /** @returns why the request may not start, or null when it may. */
  async reserve(head: GenerateRequest, body: Uint8Array, { model, pool }: Route): Promise<CodedError | null> {
    const ask: ReserveTokens = {
      requestId: head.requestId,
      promptTokens: await this.count(head, body, pool, model.servedName),
      contextTokens: model.maxModelLen,
    };
    try {
      const subject = ReservationSubjects.reserve(head.gatewayId);
      const message = await this.bus.connection.request(subject, JSON.stringify(ask), { timeout: ANSWER_LIMIT_MS });
      const answer = message.json<ReserveAnswer>();
      return answer.granted ? null : CodedError.fromWire(answer.error);
    } catch (error) {
      this.logger.warn({
        msg: 'a gateway did not answer for the token limits of a key, so the request was refused with 503',
        err: error,
        request_id: head.requestId,
      });
      return new CodedError('service_unavailable', 'The limits of this key could not be checked.', { cause: error });
    }
  }

  settle({ gatewayId, requestId, metered }: GenerateRequest, tokens: number): void {
    if (metered !== true) return;
    const settled: SettleTokens = { requestId, tokens };
    this.bus.publishJson(ReservationSubjects.settle(gatewayId), settled);
  }

  /** An engine that cannot count (another server behind the `external` driver) gets an estimate; the end is exact. */
  private async count(head: GenerateRequest, body: Uint8Array, pool: EnginePool, servedName: string): Promise<number> {
    try {
      return await countPromptTokens(pool, servedName, body);
    } catch (error) {
      this.logger.warn({
        msg: 'the engine does not count a prompt, so its reservation is an estimate; the end counts what was used',
        err: error,
        request_id: head.requestId,
      });
      return estimatePromptTokens(body);
    }
  }
}
