import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { HEARTBEAT_INTERVAL_MS, PresenceSubjects } from '#contracts/presence';
import { UsageSubjects, type UsageEvent } from '#contracts/usage';

export type Finished = Extract<UsageEvent, { kind: 'finished' }>;
export type Started = Extract<UsageEvent, { kind: 'started' }>;

const OWNER = 'chat-of-a-test';

/** A request that ended well, with what the test says of it. */
export function finished(fields: Partial<Finished> = {}): Finished {
  return {
    ...facts(),
    kind: 'finished',
    inputTokens: 9,
    cachedTokens: 4,
    outputTokens: 25,
    reasoningTokens: 3,
    countMethod: 'exact',
    queueMs: 1,
    ttftMs: 12,
    latencyMs: 345,
    statusCode: 200,
    outcome: 'completed',
    errorCode: null,
    ...fields,
  };
}

/** A request that runs. */
export function started(fields: Partial<Started> = {}): Started {
  return { ...facts(), kind: 'started', ...fields };
}

function facts(): Omit<Started, 'kind'> {
  return {
    requestId: `req_${randomUUID()}`,
    owner: OWNER,
    createdAt: Date.parse('2026-11-10T12:00:00Z'),
    userId: randomUUID(),
    userEmail: 'somebody@example.org',
    keyId: null,
    endpoint: '/v1/chat/completions',
    model: 'a-model',
    profile: 'a-profile',
    ctxLen: 8_192,
    stream: true,
    choices: 1,
    engineLife: null,
  };
}

/** As chat-service publishes them. What is started and not finished goes on running until the connection is closed. */
export async function publish(connection: NatsConnection, events: readonly UsageEvent[]): Promise<void> {
  if (events.some(({ kind }) => kind === 'started')) ownerLives(connection);
  for (let at = 0; at < events.length; at += 500)
    await jetstream(connection).publish(UsageSubjects.events, JSON.stringify({ events: events.slice(at, at + 500) }));
}

/** The requests of an owner that is not heard are closed, and would be counted as interrupted. */
function ownerLives(connection: NatsConnection): void {
  const beat = (): void =>
    connection.publish(PresenceSubjects.chat, JSON.stringify({ instanceId: OWNER, inFlight: 1 }));
  beat();
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  void connection.closed().then(() => clearInterval(timer));
}
