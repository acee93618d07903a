import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Actor } from '#contracts/access';
import { CodedError, isWireError } from '#contracts/errors';
import { FrameKind, FrameSubjects, readFrames, type Frame } from '#contracts/frames';
import {
  ChatSubjects,
  encodeGenerate,
  type CancelStream,
  type GenerateRequest,
  type QueueNews,
} from '#contracts/generate';
import { HEARTBEAT_INTERVAL_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Bus } from '#common/bus';
import { Drain } from '#common/drain';
import { gauge } from '#common/metrics';
import { Presence } from '#common/presence';
import { Readiness } from '#common/readiness';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { LiveStream, type StreamReader } from './live-stream';
import { WitnessedEnds } from './witnessed-ends';

/** A chat-service takes a request within milliseconds; after this time nobody will. */
const ACCEPT_LIMIT_MS = 5_000;
const MAX_STREAM = 0xffffffff;
/** After NATS was away an owner may come back to it later than we do: what was announced is said again on so many ticks. */
const ANNOUNCED_AGAIN = 5;
/** So few have nobody to be gathered with. */
const FEW = 2;

export type StreamRequest = Omit<GenerateRequest, 'stream' | 'gatewayId'>;

/**
 * The gateway's end of all streams: ONE subscription for the frames of all of them, and the watch over their owners.
 * Whatever goes wrong with a stream ends it with an error; none ends silently.
 */
@Injectable()
export class StreamHub implements OnModuleInit, BeforeApplicationShutdown {
  readonly gatewayId = `gw-${randomUUID().slice(0, 8)}`;
  private readonly streams = new Map<number, LiveStream>();
  private readonly owners = new Presence(
    () => undefined,
    (ownerId, left) => this.onOwnerGone(ownerId, left),
  );
  /** Had bytes in the message that is being read. (A Set that is cleared so often keeps its old tables alive: see `LiveStream.release`.) */
  private readonly touched: LiveStream[] = [];
  private readonly outgoing: Uint8Array[] = [];
  /** Streams that ended while NATS was away: their owners may not have heard it. */
  private readonly unannounced: LiveStream[] = [];
  private announcements = 0;
  private lastStream = 0;
  private timer: NodeJS.Timeout | null = null;
  private draining = false;
  private readonly drain = new Drain(() => this.streams.size);

  constructor(
    private readonly bus: Bus,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly readiness: Readiness,
    private readonly witnessed: WitnessedEnds,
    private readonly logger: Logger,
  ) {
    const { streams } = this;
    gauge('tandem_gateway_streams', 'Requests that wait for or receive an answer', [], function () {
      this.set(streams.size);
    });
  }

  onModuleInit(): void {
    this.bus.subscribe(FrameSubjects.of(this.gatewayId), (message) => this.onFrames(message.data));
    this.owners.listen(this.bus, PresenceSubjects.chat);
    // Frames that were on their way are lost: an error now, not a gap later.
    this.bus.onLost(() => {
      this.unannounced.push(...this.streams.values());
      this.endAll(() => true, interrupted('The connection between the services broke while the answer was streamed.'));
    });
    // A chat-service that kept its own connection still streams to nobody, or takes a lost end for one that arrived.
    this.bus.onRestored(() => {
      this.announcements = ANNOUNCED_AGAIN + 1;
      this.announce();
    });
    this.readiness.add('chat-service', () => this.owners.size > 0);
    this.timer = setInterval(() => this.tick(), HEARTBEAT_INTERVAL_MS);
    this.beat(false);
  }

  /** SIGTERM: nothing new is taken, streams may end within the drain limit, the rest is told why it ends. */
  async beforeApplicationShutdown(): Promise<void> {
    this.draining = true;
    if (this.streams.size > 0) this.logger.log({ msg: 'draining streams', streams: this.streams.size });
    await this.drain.wait(this.config.DRAIN_TIMEOUT_MS);
    const late = 'The service is restarting and the answer took longer than its drain limit.';
    this.endAll(() => true, new CodedError('shutting_down', late), 'gateway_failed');
    if (this.timer !== null) clearInterval(this.timer);
    this.beat(true);
  }

  /**
   * Sends a request on its way. `reader` hears of the answer until it is over or `close` is called.
   * @throws CodedError `shutting_down` or `service_unavailable`.
   */
  open(request: StreamRequest, body: Uint8Array, reader: StreamReader): LiveStream {
    if (this.draining) throw new CodedError('shutting_down', 'This gateway is shutting down. Try again.');
    if (!this.bus.connected)
      throw new CodedError(
        'service_unavailable',
        'The gateway has lost its connection to the other services and is reconnecting.',
      );
    if (this.owners.size === 0)
      throw new CodedError('service_unavailable', 'No chat service is running. Try again in a moment.');
    const id = this.nextStream();
    const stream = new LiveStream(id, request.requestId, request.actor, reader, performance.now());
    this.streams.set(id, stream);
    this.send(encodeGenerate({ ...request, stream: id, gatewayId: this.gatewayId }, body));
    return stream;
  }

  /** The stream's reader wants no more: the engine's slot is freed. */
  abandon(stream: LiveStream, reason: CancelStream['reason']): void {
    if (!this.streams.has(stream.id)) return;
    this.cancel(stream, reason);
    this.forget(stream);
  }

  /** Ends the streams of a caller who may not go on, here and at the engine. */
  revoke(isTheirs: (actor: Actor) => boolean, error: CodedError): void {
    this.endAll((stream) => isTheirs(stream.actor), error, 'access_revoked');
  }

  /** Where there are many streams, the requests of one turn of the event loop leave in one write to the socket. */
  private send(message: Uint8Array): void {
    if (this.streams.size <= FEW) {
      this.bus.publish(ChatSubjects.generate, message);
      return;
    }
    this.outgoing.push(message);
    if (this.outgoing.length > 1) return;
    setImmediate(() => this.sendOutgoing());
  }

  private sendOutgoing(): void {
    for (const one of this.outgoing) this.bus.publish(ChatSubjects.generate, one);
    this.outgoing.length = 0;
  }

  private onFrames(message: Uint8Array): void {
    try {
      let sender = '';
      readFrames(message, (frame, ownerId) => {
        sender = ownerId;
        this.onFrame(frame, ownerId);
      });
      // Every frame message is a heartbeat too.
      if (sender !== '') this.owners.heard(sender);
    } catch (error) {
      // Only a peer of another version can be the cause; its streams will end by their sequence or their deadline.
      this.logger.error({
        msg: 'a part of answers from chat-service could not be read, and their streams end with an error; is it of another version?',
        err: error,
      });
    }
    // One write a stream a message, however many frames it held.
    for (const stream of this.touched) {
      stream.touched = false;
      stream.reader.flush();
    }
    this.touched.length = 0;
  }

  private onFrame(frame: Frame, ownerId: string): void {
    const stream = this.streams.get(frame.stream);
    if (stream === undefined) return;
    stream.ownerId ??= ownerId;
    if (frame.sequence !== stream.expected || stream.ownerId !== ownerId) {
      this.cancel(stream, 'gateway_failed');
      this.end(stream, new CodedError('stream_interrupted', 'A part of the answer was lost between the services.'));
      return;
    }
    stream.expected += 1;
    switch (frame.kind) {
      case FrameKind.accepted:
        return;
      case FrameKind.data:
      case FrameKind.body:
        stream.reader.onBytes(frame.payload);
        this.touch(stream);
        return;
      case FrameKind.headers:
        stream.reader.onHeaders(JSON.parse(frame.payload.toString('utf8')) as Record<string, string>);
        return;
      case FrameKind.queue:
        stream.reader.onQueue(JSON.parse(frame.payload.toString('utf8')) as QueueNews);
        return;
      case FrameKind.error:
        this.end(stream, errorOf(frame.payload));
        return;
      case FrameKind.end:
        this.witnessed.add(ownerId, stream.requestId, frame.payload);
        this.end(stream, null);
        return;
      default:
        frame.kind satisfies never;
    }
  }

  private touch(stream: LiveStream): void {
    if (stream.touched) return;
    stream.touched = true;
    this.touched.push(stream);
  }

  private end(stream: LiveStream, error: CodedError | null): void {
    const { reader } = stream;
    this.forget(stream);
    if (error === null) reader.onEnd();
    else reader.onError(error);
  }

  /** @param reason for the engine; without one its owner is not told. */
  private endAll(
    which: (stream: LiveStream) => boolean,
    error: CodedError,
    reason: CancelStream['reason'] | null = null,
  ): void {
    for (const stream of [...this.streams.values()]) {
      if (!which(stream)) continue;
      if (reason !== null) this.cancel(stream, reason);
      this.end(stream, error);
    }
  }

  private forget(stream: LiveStream): void {
    this.streams.delete(stream.id);
    stream.release();
    this.drain.ended();
  }

  private cancel(stream: LiveStream, reason: CancelStream['reason']): void {
    const cancel: CancelStream = { gatewayId: this.gatewayId, stream: stream.id, reason };
    // A client may leave in the turn in which it asked: a cancel that overtakes its request would stop nothing.
    this.sendOutgoing();
    // Before the owner is known every chat-service hears it.
    const targets = stream.ownerId === null ? this.owners.ids : [stream.ownerId];
    for (const owner of targets) this.bus.publishJson(ChatSubjects.cancel(owner), cancel);
  }

  private announce(): void {
    if (this.announcements === 0 || !this.bus.connected) return;
    for (const stream of this.unannounced) this.cancel(stream, 'gateway_failed');
    this.announcements -= 1;
    if (this.announcements === 0) this.unannounced.length = 0;
  }

  /** One that leaves has ended its streams itself. */
  private onOwnerGone(ownerId: string, left: boolean): void {
    if (left) return;
    this.logger.warn({
      msg: 'a chat-service fell silent; its streams were ended with an error. See whether it still runs, and its log',
      ownerId,
    });
    const gone = interrupted('The chat service that streamed this answer is gone.');
    this.endAll((stream) => stream.ownerId === ownerId, gone);
  }

  private tick(): void {
    const at = performance.now();
    this.beat(false);
    this.announce();
    for (const stream of [...this.streams.values()]) {
      if (stream.ownerId === null && at - stream.openedAt > ACCEPT_LIMIT_MS) {
        this.cancel(stream, 'gateway_failed');
        this.end(
          stream,
          new CodedError('service_unavailable', 'No chat service took the request. Try again in a moment.'),
        );
      } else stream.reader.onTick(at);
    }
  }

  private beat(leaving: boolean): void {
    const beat: Heartbeat = {
      instanceId: this.gatewayId,
      inFlight: this.streams.size,
      ...(leaving ? { leaving } : {}),
    };
    this.bus.publishJson(PresenceSubjects.gateway, beat);
  }

  private nextStream(): number {
    do this.lastStream = this.lastStream >= MAX_STREAM ? 1 : this.lastStream + 1;
    while (this.streams.has(this.lastStream));
    return this.lastStream;
  }
}

function interrupted(message: string): CodedError {
  return new CodedError('stream_interrupted', message);
}

function errorOf(payload: Buffer): CodedError {
  const wire: unknown = JSON.parse(payload.toString('utf8'));
  return isWireError(wire)
    ? CodedError.fromWire(wire)
    : new CodedError('internal_error', 'The chat service ended the request.');
}
