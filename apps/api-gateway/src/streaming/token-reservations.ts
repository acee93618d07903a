import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Msg } from '@nats-io/transport-node';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import {
  ReservationSubjects,
  type ReserveAnswer,
  type ReserveTokens,
  type SettleTokens,
} from '#contracts/token-reservations';
import { Bus } from '#common/bus';
import type { Grant } from '../limits/grant';
import { StreamHub } from './stream-hub';

/** The end of a request that was cut is told within a sweep of chat-service; after this time it is lost. */
const SETTLE_LIMIT_MS = 10_000;

/** The gateway's end of the reservations: chat-service asks for them by the request's id, and says what was used. */
@Injectable()
export class TokenReservations implements OnModuleInit {
  private readonly grants = new Map<string, Grant>();

  constructor(
    private readonly bus: Bus,
    private readonly hub: StreamHub,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const { gatewayId } = this.hub;
    this.bus.subscribe(ReservationSubjects.reserve(gatewayId), (message) => void this.reserve(message));
    this.bus.subscribe(ReservationSubjects.settle(gatewayId), (message) => this.settle(message.json<SettleTokens>()));
  }

  expect(requestId: string, grant: Grant): void {
    this.grants.set(requestId, grant);
  }

  /** The answer is over; what was used comes about now. */
  over(requestId: string): void {
    if (!this.grants.has(requestId)) return;
    setTimeout(() => this.grants.delete(requestId), SETTLE_LIMIT_MS).unref();
  }

  private async reserve(message: Msg): Promise<void> {
    const { requestId, promptTokens, contextTokens } = message.json<ReserveTokens>();
    let answer: ReserveAnswer;
    try {
      await this.grants.get(requestId)?.reserve(promptTokens, contextTokens);
      answer = { granted: true };
    } catch (error) {
      answer = { granted: false, error: this.coded(error).toWire() };
    }
    message.respond(JSON.stringify(answer));
  }

  private settle({ requestId, tokens }: SettleTokens): void {
    const grant = this.grants.get(requestId);
    this.grants.delete(requestId);
    grant?.settle(tokens).catch((error: unknown) =>
      this.logger.error({
        msg: 'what a request used could not be counted; what was reserved for it counts until its window is over',
        err: error,
        requestId,
      }),
    );
  }

  private coded(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    this.logger.error({
      msg: 'the token limits of a key could not be checked, so its request was refused with 500',
      err: error,
    });
    return new CodedError('internal_error', 'The limits of this key could not be checked.', { cause: error });
  }
}
