/**
 * Tokens of a request whose caller has a token limit. The gateway knows the limits, chat-service can have the prompt
 * counted by the engine: so it asks the gateway for the reservation when the request's turn has come, and tells it at the
 * end what was used. Requests without such limits have no part in this.
 */
import type { WireError } from './errors';

export const ReservationSubjects = {
  /** Request/reply with the gateway that took the request. */
  reserve: (gatewayId: string): string => `gateway.v1.reserve.${gatewayId}`,
  /** Core NATS. One that is lost leaves a reservation as it is until its window is over. */
  settle: (gatewayId: string): string => `gateway.v1.settle.${gatewayId}`,
} as const;

export interface ReserveTokens {
  requestId: string;
  /** Of the prompt, as the engine counts it. */
  promptTokens: number;
  /** Context length of the engine; null when it does not tell. */
  contextTokens: number | null;
}

export type ReserveAnswer = { granted: true } | { granted: false; error: WireError };

export interface SettleTokens {
  requestId: string;
  /** Prompt and answer together. */
  tokens: number;
}
