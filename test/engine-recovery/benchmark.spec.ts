import { Client } from 'pg';
import type { BenchmarkList, BenchmarkRun } from '#contracts/benchmarks';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';

/** Fast enough for a whole benchmark in a few seconds, and so far from fast that a person finds one under way. */
const ENGINE = { VLLM_SIM_TOKENS_PER_SECOND: '400', VLLM_SIM_TTFT_MS: '20', BENCHMARK_AFTER_CHANGE: 'true' };

describe('a benchmark of the profile in force', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ env: ENGINE });
  });
  afterAll(() => system.stop());

  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${system.url}/api/models/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${system.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const begin = async (): Promise<string> => {
    const answer = await call('POST', 'benchmarks', {});
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { benchmarkId: string }).benchmarkId;
  };
  const benchmark = async (id: string): Promise<BenchmarkRun> =>
    (await (await call('GET', `benchmarks/${id}`)).json()) as BenchmarkRun;
  const over = (id: string): Promise<BenchmarkRun> =>
    eventually(
      async () => {
        const run = await benchmark(id);
        return run.state === 'running' ? null : run;
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
  /** A person's stream; ends when it is aborted. */
  const chat = (signal: AbortSignal): Promise<Response> =>
    fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'default',
        stream: true,
        max_tokens: 4_000,
        ignore_eos: true,
        messages: [{ role: 'user', content: 'hi' }],
      }),
      signal,
    });

  it('measures 1, 5 and 10 users with short and long prompts, scores the answers, and stands beside the last one', async () => {
    const first = await over(await begin());
    expect(first).toMatchObject({
      state: 'completed',
      reason: 'command',
      profile: 'r1-distill-qwen-14b',
      comparison: null,
    });
    expect(first.loads.map(({ users, promptTokens }) => [users, promptTokens])).toEqual([
      [1, 128],
      [5, 128],
      [10, 128],
      [1, 2_048],
      [5, 2_048],
      [10, 2_048],
    ]);
    for (const load of first.loads) {
      expect(load).toMatchObject({ requests: load.users * 2, outputTokens: load.users * 2 * 128 });
      expect(load.ttftMs.p50).toBeGreaterThanOrEqual(20);
      expect(load.timePerOutputTokenMs.p50).toBeGreaterThan(0);
      expect(load.tokensPerSecond).toBeGreaterThan(0);
      // Words come close to tokens, not exact.
      expect(load.measuredPromptTokens / load.promptTokens).toBeGreaterThan(0.8);
      expect(load.measuredPromptTokens / load.promptTokens).toBeLessThan(1.2);
    }
    expect(first.answers).toMatchObject({ answers: 4 });
    expect(first.answers?.words).toBeGreaterThan(0);

    const second = await over(await begin());
    expect(second.comparison).toMatchObject({ previousId: first.id });
    expect(second.comparison?.changes).toHaveLength(18);
    const { items } = (await (await call('GET', 'benchmarks?profile=r1-distill-qwen-14b')).json()) as BenchmarkList;
    expect(items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(((await (await call('GET', 'benchmarks?profile=other')).json()) as BenchmarkList).items).toEqual([]);
  });

  it("is in the ledger as nobody's, to the token", async () => {
    const client = new Client({ connectionString: system.postgres.url });
    await client.connect();
    const engine = await system.engineMetrics();
    const rows = await eventually(async () => {
      const { rows: sums } = await client.query<{ requests: string; input: string; output: string }>(
        `SELECT count(*) AS requests, sum(input_tokens) AS input, sum(output_tokens) AS output FROM usage.requests
         WHERE user_id = 'system' AND endpoint = 'system/benchmark' AND outcome = 'completed' AND key_id IS NULL`,
      );
      const [sum] = sums;
      return Number(sum?.output) === engine['vllm:generation_tokens_total'] ? sum : null;
    });
    expect(Number(rows.input)).toBe(engine['vllm:prompt_tokens_total']);
    await client.end();
  });

  it('is skipped while a person is served', async () => {
    const person = new AbortController();
    const answer = await chat(person.signal);
    expect(answer.status).toBe(200);
    await answer.body!.getReader().read();
    // The next heartbeat of chat-service tells of it.
    const skipped = await eventually(
      async () => {
        const run = await over(await begin());
        return run.state === 'skipped' ? run : null;
      },
      { timeoutMs: 60_000 },
    );
    expect(skipped).toMatchObject({ loads: [], why: 'People were using the engines.' });
    person.abort();
  });

  it('ends at once when a person comes, and its requests leave the engine', async () => {
    const id = await eventually(async () => {
      const next = await begin();
      return (await benchmark(next)).state === 'running' ? next : null;
    });
    await eventually(async () => ((await system.engineMetrics())['vllm:num_requests_running'] ?? 0) > 0);
    const person = new AbortController();
    const answer = await chat(person.signal);
    expect(answer.status).toBe(200);
    await answer.body!.getReader().read();
    expect(await over(id)).toMatchObject({ state: 'stopped', why: 'It made room for people.' });
    await eventually(async () => (await system.engineMetrics())['vllm:num_requests_running'] === 1);
    person.abort();
  });

  it('is cancelled by command, and is one at a time', async () => {
    const id = await eventually(async () => {
      const next = await begin();
      return (await benchmark(next)).state === 'running' ? next : null;
    });
    expect((await call('POST', 'benchmarks', {})).status).toBe(409);
    expect(await (await call('DELETE', `benchmarks/${id}`)).json()).toMatchObject({
      state: 'stopped',
      why: 'It was cancelled.',
    });
    expect((await call('DELETE', `benchmarks/${id}`)).status).toBe(409);
    expect((await call('DELETE', 'benchmarks/none')).status).toBe(404);
  });

  it('is only of the profile in force', async () => {
    expect((await call('POST', 'benchmarks', { profile: 'qwen3-14b-awq' })).status).toBe(409);
    expect((await call('POST', 'benchmarks', { profile: 7 })).status).toBe(400);
  });

  it('outlives model-manager, and runs by itself when the parameters are others', async () => {
    const before = ((await (await call('GET', 'benchmarks')).json()) as BenchmarkList).items;
    await system.services['model-manager'].end();
    await system.add('model-manager', { ...ENGINE, VLLM_MAXLEN: '4096' });
    const run = await eventually(
      async () => {
        const { items } = (await (await call('GET', 'benchmarks')).json()) as BenchmarkList;
        expect(items.map(({ id }) => id)).toEqual(expect.arrayContaining(before.slice(0, 5).map(({ id }) => id)));
        return items.find(({ reason, state }) => reason === 'parameters' && state === 'completed');
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(run.comparison?.previousId).toBe(before.find(({ state }) => state === 'completed')?.id);
  });
});
