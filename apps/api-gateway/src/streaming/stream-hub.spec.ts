import 'reflect-metadata';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Logger } from 'nestjs-pino';
import { CHAT_QUEUE, ChatSubjects, decodeGenerate, type CancelStream } from '#contracts/generate';
import { PresenceSubjects } from '#contracts/presence';
import { Bus } from '#common/bus';
import { Readiness } from '#common/readiness';
import { eventually } from '#testing/eventually';
import { startNats, type TestNats } from '#testing/nats';
import { loadConfig } from '../config';
import { JWT_SECRET } from '../testing/running-gateway';
import type { StreamReader } from './live-stream';
import { StreamHub, type StreamRequest } from './stream-hub';
import { WitnessedEnds } from './witnessed-ends';

const CHAT = 'chat-of-the-test';
const NOBODY: StreamReader = {
  onBytes: () => undefined,
  onHeaders: () => undefined,
  onQueue: () => undefined,
  flush: () => undefined,
  onEnd: () => undefined,
  onError: () => undefined,
  onTick: () => undefined,
};
const quiet = { log: () => undefined, warn: () => undefined } as unknown as Logger;

describe("the gateway's end of the streams", () => {
  let nats: TestNats;
  let bus: Bus;
  let chatService: NatsConnection;
  let hub: StreamHub;
  /** What a chat-service hears, in order. */
  const heard: string[] = [];

  beforeAll(async () => {
    nats = await startNats();
    bus = await Bus.connect(nats.url, 'gateway', quiet);
    chatService = await connect({ servers: nats.url });
    const config = loadConfig({
      DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
      NATS_URL: nats.url,
      JWT_SECRET,
      DRAIN_TIMEOUT_MS: '0',
    });
    hub = new StreamHub(bus, config, new Readiness(), new WitnessedEnds(bus), quiet);
    chatService.subscribe(ChatSubjects.generate, {
      queue: CHAT_QUEUE,
      callback: (_, { data }) => void heard.push(`generate ${decodeGenerate(data).head.stream}`),
    });
    chatService.subscribe(ChatSubjects.cancel(CHAT), {
      callback: (_, message) => void heard.push(`cancel ${message.json<CancelStream>().stream}`),
    });
    await chatService.flush();
    hub.onModuleInit();
    await eventually(() => {
      // Again and again, as a chat-service does: the first may come before the hub listens.
      chatService.publish(PresenceSubjects.chat, JSON.stringify({ instanceId: CHAT, inFlight: 0 }));
      hub.abandon(open(), 'client_gone');
      return true;
    });
  });
  afterAll(async () => {
    await hub.beforeApplicationShutdown();
    await Promise.all([bus.close(), chatService.close()]);
    await nats.stop();
  });

  function open() {
    const request = { requestId: 'r', endpoint: '/v1/chat/completions' } as StreamRequest;
    return hub.open(request, new Uint8Array(), NOBODY);
  }

  it('tells of a request before it tells that its client has left, also in a crowd and within one turn', async () => {
    const crowd = Array.from({ length: 10 }, open);
    for (const stream of crowd) hub.abandon(stream, 'client_gone');
    await eventually(() => heard.filter((line) => crowd.some(({ id }) => line.endsWith(` ${id}`))).length >= 20);
    for (const { id } of crowd) {
      expect(heard.filter((line) => line.endsWith(` ${id}`))).toEqual([`generate ${id}`, `cancel ${id}`]);
    }
  });
});
