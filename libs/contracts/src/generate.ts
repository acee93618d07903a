/**
 * The conversation between a gateway and a chat-service about one generation: the request goes out on
 * `chat.v1.generate` (queue group), frames come back on the gateway's own subject, a cancel goes to the owner.
 */
import type { Actor } from './access';
import type { CacheWish } from './cache';
import type { ChatTurn } from './chat';
import type { CodeTurn } from './code';
import type { HintTurn, PutHintSettings } from './hints';
import type { Endpoint } from './usage';
import { CodedError } from './errors';

export const ChatSubjects = {
  generate: 'chat.v1.generate',
  /** A stream is not wanted any more; sent to the one instance that owns it. */
  cancel: (instanceId: string): string => `chat.v1.cancel.${instanceId}`,
  /** DELETE /api/requests/{id}: every chat-service hears it, the owner of the request answers. */
  cancelRequest: 'chat.v1.cancel-request',
} as const;

/** Queue group of all chat-services. */
export const CHAT_QUEUE = 'chat-service';

export interface GenerateRequest {
  requestId: string;
  /** The gateway's number for this stream: unique among its running ones, and the address of every frame. */
  stream: number;
  gatewayId: string;
  actor: Actor;
  endpoint: Endpoint;
  /** As the client named it; chat-service resolves aliases. */
  model: string;
  /** The caller may use some models only: when this one has just been replaced, another one does not answer for it. */
  modelFixed?: true;
  /** True when the answer is SSE. */
  streaming: boolean;
  /** True when the client itself asked for the usage chunk; else it is taken out of the stream. */
  includeUsage: boolean;
  /** vLLM's `stream_options.continuous_usage_stats`: usage on every chunk. */
  continuousUsage: boolean;
  /** Choices that will be generated, over all prompts. */
  choices: number;
  /** The caller has a token limit: tokens are reserved before it starts, and settled (token-reservations.ts). */
  metered?: true;
  /** Choices of each prompt (`n`; 1 when absent): the engine's counters have the prompt as often. */
  choicesPerPrompt?: number;
  /** Absent: somebody waits for the answer. `background` never goes ahead of that (titles, benchmarks). */
  priority?: 'background';
  /** Of `/api/chat` alone: what is kept of it. */
  chat?: ChatTurn;
  /** Of the code assistant alone; the body is a `CodeBody`. */
  code?: CodeTurn;
  /** Of hints alone; the body is a `HintBody`. */
  hint?: HintTurn;
  /** Of hints alone: settings to try for this one request, by an admin; absent: those in force. May hold another server's key. */
  hintTrial?: PutHintSettings;
  /** Set by chat-service: the name under which its queue knows another server, where that one answers. */
  servedBy?: string;
  /** What the client says about the cache of answers; absent: nothing. */
  cache?: CacheWish;
  /** Epoch milliseconds of arrival, for the ledger only: deadlines run on the monotonic clock of each process. */
  receivedAt: number;
  /** Milliseconds the request had spent in the gateway when it was published. */
  spentMs: number;
  /** W3C trace context, where tracing is on. */
  traceparent?: string;
}

/** What somebody who waits for a turn is told, in `queue` frames: when it begins to wait, and when something changed. */
export interface QueueNews {
  /** 1 is next. */
  position: number;
  /** Until its turn, computed from how long requests hold their places; null while nothing has been measured. */
  expectedSeconds: number | null;
  /** `busy`: the engine runs as many as it takes. `loading`: no engine for this model is ready. */
  reason: 'busy' | 'loading';
}

/** Ends a stream early. `reason` becomes the ledger's outcome. */
export interface CancelStream {
  gatewayId: string;
  stream: number;
  reason: 'client_gone' | 'cancelled' | 'slow_reader' | 'access_revoked' | 'gateway_failed';
}

export interface CancelRequest {
  requestId: string;
  /** Null: an admin, who may cancel anybody's. */
  userId: string | null;
}

/**
 * `u32 length of the head, head as JSON, body`. The body is the engine's request without `model`,
 * `stream` and `stream_options`: chat-service puts those in front without parsing what may be megabytes.
 */
export function encodeGenerate(head: GenerateRequest, body: Uint8Array): Uint8Array {
  const headJson = JSON.stringify(head);
  const headLength = Buffer.byteLength(headJson);
  const out = Buffer.allocUnsafe(4 + headLength + body.length);
  out.writeUInt32BE(headLength);
  out.write(headJson, 4, 'utf8');
  out.set(body, 4 + headLength);
  return out;
}

/** @throws CodedError `internal_error` when the bytes are no such message. */
export function decodeGenerate(data: Uint8Array): { head: GenerateRequest; body: Uint8Array } {
  if (data.length < 4) throw new CodedError('internal_error', 'A generate message is shorter than its header.');
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const headLength = bytes.readUInt32BE();
  if (headLength > data.length - 4) throw new CodedError('internal_error', 'A generate message is cut short.');
  const head = JSON.parse(bytes.toString('utf8', 4, 4 + headLength)) as GenerateRequest;
  return { head, body: data.subarray(4 + headLength) };
}
