import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { completed, startChat, startChats } from './faults/load';

/** Engine and ledger are compared when the engine was idle at two looks, two seconds apart. */
const SETTLED = { timeoutMs: 60_000 };
const COMPLETION = { model: 'sim', prompt: 'somebody with a shell', max_tokens: 500, ignore_eos: true };

interface Life {
  engine_life: string;
  requests: number;
  engine_prompt: number;
  engine_generation: number;
  drift_prompt: number;
  drift_generation: number;
}

describe('the reconciliation with the engine', () => {
  let system: TestSystem;
  let database: Client;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '200', CHECKPOINT_EVERY_MS: '500' } });
    database = new Client({ connectionString: system.postgres.url });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await system.stop();
  });

  const lives = async (): Promise<Life[]> =>
    (
      await database.query<Life>(
        `SELECT engine_life, requests_ended::integer AS requests, engine_prompt_tokens::integer AS engine_prompt,
           engine_generation_tokens::integer AS engine_generation, drift_prompt_tokens::integer AS drift_prompt,
           drift_generation_tokens::integer AS drift_generation
         FROM usage.engine_lives WHERE settled_at IS NOT NULL ORDER BY first_seen_at`,
      )
    ).rows;
  /** The newest life, once what it says is so. */
  const settles = async (so: (life: Life) => boolean): Promise<Life> => {
    let seen: Life | undefined;
    await eventually(async () => {
      seen = (await lives()).at(-1);
      return seen !== undefined && so(seen);
    }, SETTLED);
    return seen!;
  };
  const ask = async (url: string, body: object, key?: string): Promise<void> => {
    const answer = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    await answer.text();
  };

  it('agrees to the token: streams, whole answers, several choices and prompts, and what the cache knew', async () => {
    await Promise.all(startChats(5, system.url, system.apiKey).map(completed));
    await completed(startChat(system.url, system.apiKey, { stream: false, tokens: 30 }));
    const many = { ...COMPLETION, model: 'default', prompt: ['one prompt', 'and another one'], n: 3, max_tokens: 20 };
    await ask(system.url, many, system.apiKey);
    await ask(system.url, many, system.apiKey);
    const expected = 5 * 100 + 30 + 2 * 2 * 3 * 20;
    const life = await settles((one) => one.requests === 8 && one.engine_generation === expected);
    expect(life).toMatchObject({ drift_prompt: 0, drift_generation: 0 });
  });

  it('counts the prompt of a client that left to the token, and its answer but for a step or two', async () => {
    const before = (await lives()).at(-1)!;
    const chat = startChat(system.url, system.apiKey, { tokens: 5_000 });
    await chat.begun;
    chat.leave();
    await chat.ended;
    const life = await settles((one) => one.requests === 9 && one.engine_prompt > before.engine_prompt);
    expect(life.drift_prompt).toBe(0);
    expect(life.drift_generation).toBeLessThanOrEqual(10);
    const { rows } = await database.query(`SELECT count_method FROM usage.requests WHERE outcome = 'client_cancelled'`);
    expect(rows).toEqual([{ count_method: 'counted' }]);
  });

  it('finds what somebody asks of the engine itself, and says so', async () => {
    const before = (await lives()).at(-1)!;
    const { url } = await system.engine();
    const { data } = (await (await fetch(`${String(url)}/v1/models`)).json()) as { data: { id: string }[] };
    await ask(String(url), { ...COMPLETION, model: data[0]?.id });
    const life = await settles(({ drift_generation }) => drift_generation >= before.drift_generation + 500);
    expect(life.drift_generation).toBe(before.drift_generation + 500);
    expect(life.drift_prompt).toBeGreaterThan(0);
    const drift = `tandem_usage_drift_tokens{engine="vllm-0",direction="output"} ${life.drift_generation}`;
    await eventually(async () =>
      (await (await fetch(`${system.services['usage-service'].url}/metrics`)).text()).includes(drift),
    );
    await eventually(() => system.log('usage-service').includes('the engine counted other tokens than the ledger'));
  });

  it('begins anew with the engine', async () => {
    const { pid } = await system.engine();
    process.kill(pid!, 'SIGKILL');
    await eventually(async () => {
      const engine = await system.engine();
      return engine.state === 'ready' && engine.pid !== pid;
    }, SETTLED);
    await completed(startChat(system.url, system.apiKey));
    const life = await settles(({ requests, engine_generation }) => requests === 1 && engine_generation === 100);
    expect(life).toMatchObject({ drift_prompt: 0, drift_generation: 0 });
  });
});
