import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ModelSubjects, type EngineState, type ModelsState } from '#contracts/models';
import { eventually } from '#testing/eventually';
import { killProcess } from '#testing/kill-process';
import { parseMetrics } from '#testing/simulator';
import { startSystem, type TestSystem } from '#testing/system';
import OpenAI, { InternalServerError, RateLimitError } from 'openai';
import { chat } from '../conversations/chat-stream';
import { Person } from '../conversations/people';
import { allBegun, completed, ENDLESS, engineRuns, startChat, startChats } from '../faults/load';
import { Accounts } from './accounts';
import { fetchInThisRealm } from './chats';
import { rowOf } from './ledger-row';

/** Two sequences at once, so that a third request waits. */
const ROOM = 2;

describe('a system whose engine runs two requests at once', () => {
  let system: TestSystem;
  let accounts: Accounts;
  let nats: NatsConnection;

  beforeAll(async () => {
    system = await startSystem({
      env: {
        VLLM_SIM_TOKENS_PER_SECOND: '100',
        VLLM_SIM_MAX_NUM_SEQS: String(ROOM),
        MAX_WAITING: '6',
        QUEUE_DEADLINE_MS: '15000',
      },
    });
    accounts = await Accounts.of(system);
    nats = await connect({ servers: system.nats.url });
  });
  afterAll(async () => {
    await nats.close();
    await system.stop();
  });

  const metrics = async (): Promise<string> => (await fetch(`${system.services['chat-service'].url}/metrics`)).text();
  const waiting = (count: number): Promise<boolean> =>
    eventually(async () => {
      const line = /^tandem_chat_queue_waiting (\d+)$/m.exec(await metrics());
      if (Number(line?.[1]) !== count) throw new Error(`${line?.[1]} requests wait`);
      return true;
    });
  const occupied = async (apiKey: string) => {
    const chats = startChats(ROOM, system.url, apiKey, { tokens: ENDLESS });
    await allBegun(chats);
    return { free: () => chats.forEach((chat) => chat.leave()), freeOne: () => chats[0]?.leave() };
  };
  const clientOf = (apiKey: string, maxRetries = 0): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${system.url}/v1`, maxRetries, fetch: fetchInThisRealm });

  it('a native chat that waits hears its place as an event of its own, before anything else', async () => {
    const apiKey = await accounts.newUserKey();
    const running = await occupied(apiKey);
    const waits = chat(system.url, new Person(system.url, apiKey), {
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 4,
    });
    await waiting(1);
    running.free();
    expect(await waits.ended).toMatchObject({ status: 200, done: true, events: ['queue', 'meta', 'message'] });
  });

  it("one user's flood does not delay another's first request", async () => {
    const [flooder, ann] = [await accounts.newUserKey(), await accounts.newUserKey()];
    const held = await occupied(system.apiKey);
    const flood = startChats(5, system.url, flooder, { tokens: 60 });
    await waiting(5);
    const anns = startChat(system.url, ann, { tokens: 5 });
    await waiting(6);
    held.free();
    const ended = await Promise.all([anns, ...flood].map(completed));
    const rows = await Promise.all(ended.map(({ requestId }) => rowOf(system, { requestId })));
    const [turnOfAnn = 0, ...turnsOfFlood] = rows.map(({ queue_ms, created_at }) => created_at.getTime() + queue_ms);
    // It came last of all; those that were ahead of it in time, but for one or two, had their turn after it.
    expect(turnsOfFlood.filter((turn) => turn > turnOfAnn).length).toBeGreaterThanOrEqual(3);
  });

  it('one who waits is told its place by comments, and its answer is whole', async () => {
    const held = await occupied(system.apiKey);
    const response = await fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
      body: JSON.stringify({
        model: 'default',
        messages: [{ role: 'user', content: 'hi' }],
        max_tokens: 3,
        stream: true,
      }),
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes as Uint8Array, { stream: true });
      if (text.includes(': queue ')) held.free();
    }
    const [comment] = text.split('\n\n');
    expect(JSON.parse((comment ?? '').replace(': queue ', ''))).toMatchObject({ position: 1, reason: 'busy' });
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    await engineRuns(system, 0);
  });

  it('one who leaves while it waits frees its place, and is a row of the ledger', async () => {
    const held = await occupied(system.apiKey);
    const gone = startChat(system.url, system.apiKey, { tokens: 5 });
    await waiting(1);
    gone.leave();
    await waiting(0);
    held.free();
    await engineRuns(system, 0);
    const row = await rowOf(system, { unserved: 'client_cancelled' });
    expect(row).toMatchObject({ status_code: 499, input_tokens: 0, error_code: 'request_cancelled' });
  });

  it('a full queue answers 429 with a computed retry-after, which the openai package waits for', async () => {
    const held = await occupied(system.apiKey);
    const others = startChats(6, system.url, system.apiKey, { tokens: 5 });
    await waiting(6);
    const ask = { model: 'default', max_tokens: 2, messages: [{ role: 'user' as const, content: 'hi' }] };
    const refused: unknown = await clientOf(system.apiKey)
      .chat.completions.create(ask)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ status: 429, code: 'queue_full', type: 'requests' });
    expect(Number((refused as RateLimitError).headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const patient = clientOf(system.apiKey, 5).chat.completions.create(ask);
    held.free();
    expect((await patient).choices).toHaveLength(1);
    await Promise.all(others.map(completed));
  });

  it('past its deadline a request is answered 503 with retry-after, and is a row with outcome deadline', async () => {
    const held = await occupied(system.apiKey);
    const refused: unknown = await clientOf(system.apiKey)
      .chat.completions.create({ model: 'default', messages: [{ role: 'user', content: 'hi' }] })
      .catch((error: unknown) => error);
    held.free();
    expect(refused).toBeInstanceOf(InternalServerError);
    expect(refused).toMatchObject({ status: 503, code: 'queue_deadline_exceeded' });
    expect(Number((refused as InternalServerError).headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const row = await rowOf(system, { requestId: (refused as InternalServerError).requestID ?? null });
    expect(row.outcome).toBe('deadline');
    expect(row.queue_ms).toBeGreaterThanOrEqual(15_000);
    await engineRuns(system, 0);
  });

  it('the owner cancels a request that waits', async () => {
    const held = await occupied(system.apiKey);
    const chat = startChat(system.url, system.apiKey, { tokens: 5 });
    await waiting(1);
    const id = await chat.requestId; // told with the first comment
    const answer = await fetch(`${system.url}/api/requests/${String(id)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${system.apiKey}` },
    });
    expect(answer.status).toBe(204);
    expect(await chat.ended).toMatchObject({ complete: false, error: 'request_cancelled' });
    held.free();
    await engineRuns(system, 0);
  });

  it('a chat-service that is stopped lets those who wait have their turn within its drain limit', async () => {
    const chats = startChats(ROOM, system.url, system.apiKey, { tokens: 150 });
    await allBegun(chats);
    const waiter = startChat(system.url, system.apiKey, { tokens: 5, stream: false });
    await waiting(1);
    await system.services['chat-service'].stop();
    await Promise.all([...chats, waiter].map(completed));
    await system.services['chat-service'].start();
  });

  it('who waits when the engine dies is served by the one that is started in its place', async () => {
    const held = await occupied(system.apiKey);
    const waiters = startChats(4, system.url, system.apiKey, { tokens: 5, stream: false });
    await waiting(4);
    killProcess((await system.engine()).pid);
    await Promise.all(waiters.map(completed));
    held.free();
  });

  it('requests wait during a switch and are served when the state says ready', async () => {
    const heard = await eventually(async () => {
      const answer = await nats.request(ModelSubjects.status, JSON.stringify({ id: '1', data: {} }));
      return answer.json<{ response: ModelsState }>().response;
    });
    await system.kill('model-manager'); // the test tells the state in its stead
    const [engine] = heard.engines;
    let { revision } = heard;
    /** Comes before whatever is sent afterwards. */
    const announce = (state: EngineState): Promise<void> => {
      revision += 1;
      nats.publish(ModelSubjects.state, JSON.stringify({ ...heard, revision, engines: [{ ...engine!, state }] }));
      return nats.flush();
    };
    const before = startChat(system.url, system.apiKey, { tokens: 100 });
    await before.begun;
    await announce({ kind: 'draining' });
    const held = [
      startChat(system.url, system.apiKey, { tokens: 5 }),
      startChat(system.url, system.apiKey, { tokens: 5, stream: false }),
    ];
    await waiting(2);
    await completed(before);
    await announce({ kind: 'loading', phase: 'loading weights', percent: 50, startedAt: Date.now() });
    await eventually(async () => (await running(engine!.state)) === 0);
    await announce(engine!.state);
    await Promise.all(held.map(completed));
    await announce({ kind: 'failed', cause: 'oom_at_load', message: 'It does not fit.', retryAt: null });
    await eventually(async () => (await startChat(system.url, system.apiKey, { tokens: 1 }).ended).status === 503);
    await announce(engine!.state);
    await system.services['model-manager'].start();
  });
});

/** Requests that a ready engine runs. */
async function running(state: EngineState): Promise<number | undefined> {
  if (state.kind !== 'ready') throw new Error(`the engine is ${state.kind}`);
  return parseMetrics(await (await fetch(`${state.url}/metrics`)).text())['vllm:num_requests_running'];
}
