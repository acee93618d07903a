/**
 * What gateways have seen of the ends of answers: usage-service asks for it when the chat-service that wrote them was
 * killed before the ledger had its last words.
 */
import type { RequestTimes, TokenCounts } from './usage';

export const WitnessSubjects = {
  /** Request, and each gateway that has seen an end replies: `WitnessQuery` -> `WitnessedEnd[]`. */
  ends: 'gateway.v1.ends',
} as const;

/** What chat-service says of an answer in the frame that ends it, whole. */
export type AnswerEnd = TokenCounts & RequestTimes;

export interface WitnessQuery {
  /** Instance of the chat-service that wrote the answers. */
  owner: string;
}

/** An answer of which the gateway has had the end, and all that was before it. */
export interface WitnessedEnd extends AnswerEnd {
  requestId: string;
}
