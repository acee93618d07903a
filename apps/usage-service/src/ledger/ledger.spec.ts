import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Readiness } from '#common/readiness';
import {
  DEAD_LETTER_REASON,
  USAGE_DEAD_STREAM,
  USAGE_STREAM,
  UsageSubjects,
  type DeadLettersReplayed,
  type UsageEvent,
} from '#contracts/usage';
import { UsageQuerySubjects, type UsageRequestsPage } from '#contracts/usage-queries';
import { eventually } from '#testing/eventually';
import { pageStatement } from '../reports/requests.repository';
import { startLedger, type TestLedger } from '../testing/ledger';
import { usageEvent as event } from '../testing/usage-event';

describe('the ledger', () => {
  let ledger: TestLedger;

  beforeAll(async () => {
    ledger = await startLedger();
  });
  afterAll(() => ledger.stop());

  it('has no dead letters to take again before there was one', async () => {
    expect(await ledger.ask(UsageSubjects.replayDeadLetters, {})).toMatchObject({ response: { replayed: 0 } });
  });

  it('keeps one row of what a request did, with the columns of the CSV', async () => {
    const id = randomUUID();
    await ledger.publish(event('started', id), event('checkpoint', id, 10));
    await eventually(async () => (await ledger.stateOf(id)) === 'checkpoint');
    await ledger.publish(event('finished', id, 25));
    await eventually(async () => (await ledger.stateOf(id)) === 'finished');
    const rows = await ledger.rowsOf(id);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      created_at: new Date(1_700_000_000_123),
      user_email: 'a@example.com',
      endpoint: '/v1/chat/completions',
      model: 'm',
      profile: 'p',
      ctx_len: 8192,
      input_tokens: 9,
      output_tokens: 25,
      ttft_ms: 12,
      latency_ms: 345,
      status_code: 200,
      outcome: 'completed',
      count_method: 'exact',
      stream: true,
      choices: 1,
      engine_life: null,
    });
  });

  it('comes to the same row in any order of arrival, and with every event twice', async () => {
    const ends: string[] = [];
    for (const order of permutations(['started', 'checkpoint', 'finished'] as const)) {
      const id = randomUUID();
      ends.push(id);
      for (const kind of [...order, ...order]) await ledger.publish(event(kind, id, kind === 'finished' ? 25 : 10));
    }
    await ledger.drained();
    for (const id of ends)
      expect(await ledger.rowsOf(id)).toEqual([expect.objectContaining({ state: 'finished', output_tokens: 25 })]);
  });

  it.each([
    ['one by one', false],
    ['in one message', true],
  ])('puts right a row whose end never came to its client, and counts its tokens once: %s', async (_, together) => {
    const id = randomUUID();
    const engineLife = `life-${id}`;
    const end = { ...event('finished', id, 25), engineLife };
    const lost = { ...end, statusCode: 499, outcome: 'interrupted', errorCode: 'stream_interrupted' } as UsageEvent;
    const events = [{ ...event('started', id), engineLife }, end, lost, end];
    for (const batch of together ? [events] : events.map((single) => [single])) {
      await ledger.publish(...batch);
      await ledger.drained();
    }
    expect(await ledger.rowsOf(id)).toEqual([
      expect.objectContaining({ outcome: 'interrupted', status_code: 499, output_tokens: 25, count_method: 'exact' }),
    ]);
    expect(
      await ledger.query(
        `SELECT requests_admitted::integer AS admitted, requests_ended::integer AS ended, requests_inexact::integer AS inexact,
           ledger_prompt_tokens::integer AS prompt, ledger_generation_tokens::integer AS generation
         FROM usage.engine_lives WHERE engine_life = $1`,
        [engineLife],
      ),
    ).toEqual([{ admitted: 1, ended: 1, inexact: 0, prompt: 9, generation: 25 }]);
  });

  it('never lets an earlier checkpoint overwrite a later one', async () => {
    const id = randomUUID();
    for (const tokens of [20, 10]) {
      await ledger.publish(event('checkpoint', id, tokens));
      await ledger.drained();
    }
    expect(await ledger.rowsOf(id)).toEqual([expect.objectContaining({ output_tokens: 20 })]);
  });

  describe('with a request that failed on one engine and was answered by another', () => {
    const livesOf = async (...names: string[]): Promise<unknown[]> =>
      ledger.query(
        `SELECT requests_admitted::integer AS admitted, requests_ended::integer AS ended, requests_retried::integer AS retried,
           ledger_prompt_tokens::integer AS prompt, ledger_generation_tokens::integer AS generation,
           retried_prompt_tokens::integer AS "retriedPrompt"
         FROM usage.engine_lives WHERE engine_life = ANY($1) ORDER BY engine_life`,
        [names],
      );
    const first = { admitted: 1, ended: 1, retried: 1, prompt: 0, generation: 0, retriedPrompt: 9 };
    const second = { admitted: 1, ended: 1, retried: 0, prompt: 9, generation: 25, retriedPrompt: 0 };

    it.each([
      ['one by one', false, ['started', 'checkpoint', 'finished']],
      ['in one message', true, ['started', 'checkpoint', 'finished']],
      ['with its end first', false, ['finished', 'started', 'checkpoint']],
      ['each twice', false, ['started', 'started', 'checkpoint', 'checkpoint', 'finished', 'finished']],
    ] as const)('has it open in neither life, and counts it in both: %s', async (_, together, order) => {
      const id = randomUUID();
      const [one, other] = [`a-${id}`, `b-${id}`];
      const events = order.map((kind) =>
        kind === 'started'
          ? { ...event(kind, id), engineLife: one }
          : { ...event(kind, id, kind === 'finished' ? 25 : 10), engineLife: other, triedEngineLife: one },
      );
      for (const batch of together ? [events] : events.map((single) => [single])) {
        await ledger.publish(...batch);
        await ledger.drained();
      }
      expect(await ledger.rowsOf(id)).toEqual([
        expect.objectContaining({ engine_life: other, tried_engine_life: one }),
      ]);
      expect(await livesOf(one, other)).toEqual([first, second]);
    });

    it('has it open in both until it ends', async () => {
      const id = randomUUID();
      const [one, other] = [`a-${id}`, `b-${id}`];
      await ledger.publish({ ...event('started', id), engineLife: one });
      await ledger.drained();
      await ledger.publish({ ...event('checkpoint', id, 10), engineLife: other, triedEngineLife: one });
      await ledger.drained();
      expect(await livesOf(one, other)).toMatchObject([
        { admitted: 1, ended: 0 },
        { admitted: 1, ended: 0 },
      ]);
    });
  });

  it('puts poison aside with the reason, and lets the rest flow on', async () => {
    const [good, mixed] = [randomUUID(), randomUUID()];
    await jetstream(ledger.connection).publish(UsageSubjects.events, 'no JSON');
    await ledger.publish(event('started', mixed), { ...event('started', randomUUID()), endpoint: '/elsewhere' });
    await ledger.publish(event('finished', good, 1));
    await eventually(async () => (await ledger.stateOf(good)) === 'finished');
    await ledger.drained();
    expect(await ledger.stateOf(mixed)).toBe('started');
    const manager = await jetstreamManager(ledger.connection);
    const letters = await Promise.all([1, 2].map((seq) => manager.streams.getMessage(USAGE_DEAD_STREAM, { seq })));
    const reasons = letters.map((letter) => letter?.header.get(DEAD_LETTER_REASON)).sort();
    expect(reasons).toEqual([expect.stringMatching(/^invalid: events\[1\]: endpoint: /), 'invalid: is no JSON']);
    expect(letters.map((letter) => letter?.string())).toContain('no JSON');
  });

  it('puts aside what the database refuses, and only that', async () => {
    const [good, bad, neighbour] = [randomUUID(), randomUUID(), randomUUID()];
    await ledger.query(`ALTER TABLE usage.requests ADD CONSTRAINT not_wanted CHECK (model <> 'not-wanted')`);
    await ledger.publish({ ...event('finished', bad, 1), model: 'not-wanted' }, event('finished', neighbour, 1));
    await ledger.publish(event('finished', good, 1));
    await ledger.drained();
    expect([await ledger.stateOf(good), await ledger.stateOf(bad), await ledger.stateOf(neighbour)]).toEqual([
      'finished',
      undefined,
      'finished',
    ]);
    const manager = await jetstreamManager(ledger.connection);
    const letter = await manager.streams.getMessage(USAGE_DEAD_STREAM, { last_by_subj: UsageSubjects.deadLetter });
    expect(letter?.header.get(DEAD_LETTER_REASON)).toMatch(/^refused_by_database: .*not_wanted/);
    await ledger.query('ALTER TABLE usage.requests DROP CONSTRAINT not_wanted');
  });

  it('takes the dead letters again once what they failed at is mended', async () => {
    const id = randomUUID();
    await ledger.query(`ALTER TABLE usage.requests ADD CONSTRAINT not_yet CHECK (model <> 'not-yet')`);
    await ledger.publish({ ...event('finished', id, 7), model: 'not-yet' });
    await ledger.drained();
    expect(await ledger.stateOf(id)).toBeUndefined();
    await ledger.query('ALTER TABLE usage.requests DROP CONSTRAINT not_yet');
    const { response } = await ledger.ask(UsageSubjects.replayDeadLetters, {});
    expect((response as DeadLettersReplayed).replayed).toBeGreaterThan(0);
    await ledger.drained();
    expect(await ledger.rowsOf(id)).toEqual([expect.objectContaining({ state: 'finished', output_tokens: 7 })]);
    const manager = await jetstreamManager(ledger.connection);
    const left = await manager.streams.getMessage(USAGE_DEAD_STREAM, { last_by_subj: UsageSubjects.deadLetter });
    // What was no JSON is none now either, and is kept.
    expect(left?.header.get(DEAD_LETTER_REASON)).toMatch(/^invalid: /);
  });

  it('holds what a model name of NUL and broken surrogates says', async () => {
    const id = randomUUID();
    await ledger.publish({ ...event('finished', id, 1), model: 'a\u0000b\ud800' });
    await eventually(async () => (await ledger.stateOf(id)) === 'finished');
    expect(await ledger.rowsOf(id)).toEqual([expect.objectContaining({ model: 'a\uFFFDb\uFFFD' })]);
  });

  it('loses nothing while Postgres is away, says so, and catches up', async () => {
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const readiness = ledger.app.get(Readiness);
    await ledger.postgres.kill();
    for (const id of ids) await ledger.publish(event('started', id), event('finished', id, 3));
    await eventually(() => readiness.waitingFor().includes('postgres'));
    await ledger.postgres.restart();
    await ledger.drained();
    await eventually(() => readiness.waitingFor().length === 0);
    const [found] = await ledger.query<{ count: string }>(
      `SELECT count(*) FROM usage.requests WHERE state = 'finished' AND request_id = ANY($1)`,
      [ids],
    );
    expect(Number(found?.count)).toBe(ids.length);
  });

  it('goes on after NATS was killed and came back', async () => {
    const id = randomUUID();
    await ledger.nats.restart();
    await eventually(() => ledger.publish(event('finished', id, 3)).then(() => true));
    await eventually(async () => (await ledger.stateOf(id)) === 'finished');
  });

  it('goes on with a fresh stream when the store was wiped', async () => {
    const id = randomUUID();
    const manager = await jetstreamManager(ledger.connection);
    await manager.streams.delete(USAGE_STREAM);
    await eventually(() => ledger.publish(event('finished', id, 3)).then(() => true));
    await eventually(async () => (await ledger.stateOf(id)) === 'finished');
  });

  it('is read page by page, newest first, by one user or by all', async () => {
    const userId = randomUUID();
    const ids = Array.from({ length: 5 }, () => randomUUID()).sort();
    await ledger.publish(
      ...ids.map((id, index) => ({ ...event('finished', id, index), userId, createdAt: 1_700_000_000_000 + index })),
    );
    await ledger.drained();
    const ask = async (request: object) => {
      const anything = { from: null, to: null, user: null, key: null, model: null, outcome: null };
      const answer = await ledger.ask(UsageQuerySubjects.requests, { ...anything, ...request });
      return answer as { response?: UsageRequestsPage; err?: unknown };
    };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { response }: { response?: UsageRequestsPage } = await ask({ ownerId: userId, cursor, limit: 2 });
      seen.push(...response!.items.map((row) => row.requestId));
      cursor = response!.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...ids].reverse());
    const { response } = await ask({ ownerId: null, cursor: null, limit: 200 });
    expect(response!.items.length).toBeGreaterThan(5);
    expect(response!.items.find((row) => row.requestId === ids[4])).toMatchObject({
      outputTokens: 4,
      outcome: 'completed',
    });
    expect(await ask({ ownerId: userId, cursor: 'nonsense', limit: 2 })).toMatchObject({
      err: { code: 'invalid_value', param: 'cursor' },
    });
    expect(await ask({ ownerId: userId, cursor: null, limit: 0 })).toMatchObject({
      err: { code: 'invalid_value', param: 'limit' },
    });
  });

  it('is read on from where a page ended, however many newer rows the range has', async () => {
    const [month] = await ledger.query<{ begins: Date; ends: Date }>(
      `SELECT date_trunc('month', now(), 'UTC') AS begins, date_trunc('month', now(), 'UTC') + interval '1 month' AS ends`,
    );
    const { begins, ends } = month!;
    await ledger.query(
      `INSERT INTO usage.requests
         (request_id, created_at, user_id, user_email, endpoint, model, stream, state, owner)
       SELECT 'deep-' || n, $1::timestamptz + n * interval '1 second', 'u', '', '/api/chat', 'm', true, 'started', 'gone'
       FROM generate_series(1, 20000) AS n`,
      [begins],
    );
    await ledger.query('ANALYZE usage.requests');
    const { sql, values } = pageStatement({
      ...{ ownerId: null, user: null, key: null, model: null, outcome: null, cursor: null },
      from: begins.toISOString(),
      to: ends.toISOString(),
      after: { createdAt: new Date(begins.getTime() + 1_000_000).toISOString(), requestId: '' },
      limit: 50,
    });
    const plan = await ledger.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${sql}`, values);
    const [, hit, read = '0'] = /Buffers: shared hit=(\d+)(?: read=(\d+))?/.exec(plan[1]!['QUERY PLAN'])!;
    // The 19,000 rows after it are on hundreds of pages.
    expect(Number(hit) + Number(read)).toBeLessThan(50);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, other) => other !== at)).map((rest) => [item, ...rest]),
  );
}
