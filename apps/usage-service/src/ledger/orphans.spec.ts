import { randomUUID } from 'node:crypto';
import { PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { WitnessSubjects, type WitnessedEnd, type WitnessQuery } from '#contracts/witnessed-ends';
import { eventually } from '#testing/eventually';
import { startLedger, type TestLedger } from '../testing/ledger';
import { usageEvent } from '../testing/usage-event';
import { OWNER_LOST_AFTER_MS } from './owner-watch';

const CLOSED = { timeoutMs: 2 * OWNER_LOST_AFTER_MS + 10_000 };

describe('requests whose chat-service is gone', () => {
  let ledger: TestLedger;
  const alive = `chat-${randomUUID()}`;
  let beating: NodeJS.Timeout;

  const beat = (instanceId: string, leaving = false): void => {
    const heartbeat: Heartbeat = { instanceId, inFlight: 1, ...(leaving ? { leaving } : {}) };
    ledger.connection.publish(PresenceSubjects.chat, JSON.stringify(heartbeat));
  };
  const of = (owner: string, kind: Parameters<typeof usageEvent>[0], requestId: string, tokens = 0) => ({
    ...usageEvent(kind, requestId, tokens),
    owner,
    engineLife: `life of ${owner}`,
  });
  const lifeOf = async (owner: string): Promise<Record<string, unknown> | undefined> =>
    (
      await ledger.query<Record<string, unknown>>(
        `SELECT requests_admitted, requests_ended, requests_inexact, ledger_prompt_tokens, ledger_generation_tokens
         FROM usage.engine_lives WHERE engine_life = $1`,
        [`life of ${owner}`],
      )
    )[0];

  beforeAll(async () => {
    ledger = await startLedger();
    beating = setInterval(() => beat(alive), 500);
  });
  afterAll(async () => {
    clearInterval(beating);
    await ledger.stop();
  });

  it('are closed as interrupted with their last checkpoint, and only they', async () => {
    const killed = `chat-${randomUUID()}`;
    const [begun, long, done, running] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await ledger.publish(of(killed, 'started', begun), of(killed, 'started', long), of(killed, 'checkpoint', long, 40));
    await ledger.publish(of(killed, 'finished', done, 7), of(alive, 'started', running));
    await eventually(async () => (await ledger.stateOf(begun)) === 'closed', CLOSED);
    expect(await ledger.rowsOf(begun)).toEqual([
      expect.objectContaining({
        outcome: 'interrupted',
        output_tokens: 0,
        count_method: 'estimated',
        status_code: 502,
      }),
    ]);
    expect(await ledger.rowsOf(long)).toEqual([
      expect.objectContaining({
        outcome: 'interrupted',
        error_code: 'stream_interrupted',
        output_tokens: 40,
        latency_ms: 345,
        status_code: 200,
      }),
    ]);
    expect(await ledger.rowsOf(done)).toEqual([expect.objectContaining({ outcome: 'completed', output_tokens: 7 })]);
    expect(await ledger.stateOf(running)).toBe('started');
  });

  it('are completed where a gateway had the whole answer, with the tokens of its end', async () => {
    const killed = `chat-${randomUUID()}`;
    const [whole, cut, other] = [randomUUID(), randomUUID(), randomUUID()];
    const end = (requestId: string): WitnessedEnd => ({
      requestId,
      inputTokens: 11,
      cachedTokens: 3,
      outputTokens: 90,
      reasoningTokens: 5,
      countMethod: 'exact',
      queueMs: 0.4,
      ttftMs: 20.6,
      latencyMs: 800.2,
    });
    const gateway = ledger.connection.subscribe(WitnessSubjects.ends, {
      callback: (_, message) => {
        const { owner } = message.json<WitnessQuery>();
        // What is no end, and ends of requests that are not this owner's, change nothing.
        const ends = owner === killed ? [end(whole), { ...end(cut), outputTokens: -1 }, end(other)] : [];
        message.respond(JSON.stringify(ends));
      },
    });
    await ledger.publish(of(killed, 'started', whole), of(killed, 'checkpoint', whole, 40));
    await ledger.publish(of(killed, 'started', cut), of(alive, 'started', other));
    await eventually(async () => (await ledger.stateOf(whole)) === 'closed', CLOSED);
    gateway.unsubscribe();
    expect(await ledger.rowsOf(whole)).toEqual([
      expect.objectContaining({
        outcome: 'completed',
        error_code: null,
        status_code: 200,
        input_tokens: 11,
        cached_tokens: 3,
        output_tokens: 90,
        reasoning_tokens: 5,
        count_method: 'exact',
        queue_ms: 0,
        ttft_ms: 21,
        latency_ms: 800,
      }),
    ]);
    expect(await ledger.rowsOf(cut)).toEqual([expect.objectContaining({ outcome: 'interrupted' })]);
    expect(await ledger.stateOf(other)).toBe('started');
    expect(await lifeOf(killed)).toEqual({
      requests_admitted: '2',
      requests_ended: '2',
      requests_inexact: '1',
      ledger_prompt_tokens: '11',
      ledger_generation_tokens: '90',
    });
  });

  it('are closed at once when it left in good order', async () => {
    const leaver = `chat-${randomUUID()}`;
    const id = randomUUID();
    await ledger.publish(of(leaver, 'started', id));
    await ledger.drained();
    beat(leaver, true);
    await eventually(async () => (await ledger.stateOf(id)) === 'closed', CLOSED);
  });

  it('are what their own chat-service says, should it turn out to be alive', async () => {
    const silent = `chat-${randomUUID()}`;
    const id = randomUUID();
    await ledger.publish(of(silent, 'started', id), of(silent, 'checkpoint', id, 40));
    await eventually(async () => (await ledger.stateOf(id)) === 'closed', CLOSED);
    expect(await lifeOf(silent)).toEqual({
      requests_admitted: '1',
      requests_ended: '1',
      requests_inexact: '1',
      ledger_prompt_tokens: '9',
      ledger_generation_tokens: '40',
    });
    await ledger.publish(of(silent, 'checkpoint', id, 50));
    await ledger.publish({ ...of(silent, 'finished', id, 60), choices: 3 });
    await eventually(async () => (await ledger.stateOf(id)) === 'finished');
    expect(await ledger.rowsOf(id)).toEqual([expect.objectContaining({ outcome: 'completed', output_tokens: 60 })]);
    // The sums of the engine's life hold the request once, as it ended.
    expect(await lifeOf(silent)).toMatchObject({
      requests_admitted: '1',
      requests_ended: '1',
      requests_inexact: '0',
      ledger_generation_tokens: '60',
    });
  });
});
