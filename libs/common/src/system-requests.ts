import { randomUUID } from 'node:crypto';
import { SYSTEM_ACTOR } from '#contracts/access';
import { CodedError, isWireError } from '#contracts/errors';
import { FrameKind, FrameSubjects, readFrames, type Frame } from '#contracts/frames';
import { ChatSubjects, encodeGenerate, type CancelRequest, type GenerateRequest } from '#contracts/generate';
import { HEARTBEAT_INTERVAL_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import type { Endpoint } from '#contracts/usage';
import type { Bus } from './bus';

/** What Tandem itself wants from an engine. */
export interface SystemRequest {
  endpoint: Endpoint;
  model: string;
  /** The engine's request as JSON, without model, stream and stream_options. */
  body: Buffer;
  streaming: boolean;
}

/** Exactly one of `onEnd` and `onError` is called, and nothing after it. */
export interface SystemAnswer {
  /** A part of the body, or whole SSE events where it streams. Only valid during the call. */
  onBytes(bytes: Buffer): void;
  onEnd(): void;
  onError(error: CodedError): void;
}

/**
 * Tandem's own requests. They go to chat-service as a gateway's do, so that they are admitted, counted and limited as
 * everything else, but always after people.
 */
export class SystemRequests {
  private readonly gatewayId: string;
  private readonly running = new Map<number, SystemAnswer>();
  private lastStream = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly bus: Bus,
    name: string,
  ) {
    this.gatewayId = `${name}-${randomUUID().slice(0, 8)}`;
  }

  begin(): void {
    this.bus.subscribe(FrameSubjects.of(this.gatewayId), (message) => {
      readFrames(message.data, (frame) => this.onFrame(frame));
    });
    // What was on its way is lost.
    this.bus.onLost(() => this.failAll());
    this.timer = setInterval(() => this.beat(), HEARTBEAT_INTERVAL_MS);
  }

  end(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  get inFlight(): number {
    return this.running.size;
  }

  /** @returns ends it before its end; nothing of `answer` is called any more. */
  ask({ endpoint, model, body, streaming }: SystemRequest, answer: SystemAnswer): () => void {
    const stream = (this.lastStream += 1);
    this.running.set(stream, answer);
    this.beat();
    const head: GenerateRequest = {
      requestId: `req_${randomUUID().replaceAll('-', '')}`,
      stream,
      gatewayId: this.gatewayId,
      actor: SYSTEM_ACTOR,
      endpoint,
      model,
      streaming,
      includeUsage: streaming,
      continuousUsage: false,
      choices: 1,
      priority: 'background',
      receivedAt: Date.now(),
      spentMs: 0,
    };
    this.bus.publish(ChatSubjects.generate, encodeGenerate(head, body));
    return () => {
      if (!this.running.delete(stream)) return;
      const cancel: CancelRequest = { requestId: head.requestId, userId: null };
      this.bus.publishJson(ChatSubjects.cancelRequest, cancel);
    };
  }

  /** chat-services end what a silent gateway asked for. */
  private beat(): void {
    if (this.running.size === 0) return;
    const beat: Heartbeat = { instanceId: this.gatewayId, inFlight: this.running.size };
    this.bus.publishJson(PresenceSubjects.gateway, beat);
  }

  private onFrame({ kind, stream, payload }: Frame): void {
    const answer = this.running.get(stream);
    if (answer === undefined) return;
    if (kind === FrameKind.body || kind === FrameKind.data) answer.onBytes(payload);
    if (kind !== FrameKind.end && kind !== FrameKind.error) return;
    this.running.delete(stream);
    if (kind === FrameKind.end) answer.onEnd();
    else answer.onError(errorIn(payload));
  }

  private failAll(): void {
    const lost = [...this.running.values()];
    this.running.clear();
    for (const answer of lost)
      answer.onError(new CodedError('service_unavailable', 'The connection to NATS was lost during the request.'));
  }
}

function errorIn(payload: Buffer): CodedError {
  const wire: unknown = JSON.parse(payload.toString('utf8'));
  return isWireError(wire)
    ? CodedError.fromWire(wire)
    : new CodedError('internal_error', 'The request failed for a reason that is not known.');
}
