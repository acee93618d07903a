import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#testing/eventually';
import { parseMetrics } from '#testing/simulator';
import { startSystem, type SystemEngine, type TestSystem } from '#testing/system';

const PROFILE = `name: r1-distill-qwen-14b
aliases: [pair]
engines:
  - { model: Qwen/Qwen3-14B-AWQ, gpus: [0], maxModelLen: 8192, servedModelName: pair-model }
  - { model: Qwen/Qwen3-14B-AWQ, gpus: [1], maxModelLen: 8192, servedModelName: pair-model }
`;

describe('a model with two engines', () => {
  let profiles: string;
  let system: TestSystem;

  beforeAll(async () => {
    profiles = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
    writeFileSync(join(profiles, 'r1-distill-qwen-14b.yaml'), PROFILE);
    system = await startSystem({ env: { PROFILES_DIR: profiles, VLLM_SIM_TOKENS_PER_SECOND: '200' } });
    await ready(2);
  });
  afterAll(async () => {
    await system.stop();
    rmSync(profiles, { recursive: true, force: true });
  });

  const engines = async (): Promise<SystemEngine[]> => {
    const status = await fetch(`${system.services['model-manager'].url}/status`);
    return ((await status.json()) as { engines: SystemEngine[] }).engines;
  };
  /** As chat-service knows it, too: it is told within a moment of model-manager. */
  const ready = (count: number): Promise<SystemEngine[]> =>
    eventually(
      async () => {
        const all = await engines();
        return all.filter(({ state }) => state === 'ready').length === count ? all : null;
      },
      { timeoutMs: 60_000 },
    );
  const served = async (): Promise<number[]> =>
    Promise.all(
      (await engines()).map(async ({ url }) => {
        const metrics = parseMetrics(await (await fetch(`${String(url)}/metrics`)).text());
        return metrics['vllm:request_success_total'] ?? 0;
      }),
    );
  const ask = (content: string, stream = false): Promise<Response> =>
    fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'pair', stream, max_tokens: 40, messages: [{ role: 'user', content }] }),
    });

  it('shares what comes at once between them', async () => {
    const before = await served();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => ask(`question ${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    await Promise.all(answers.map((answer) => answer.text()));
    const after = await served();
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([5, 5]);
  });

  it('keeps the turns of a long conversation on the engine that has them in its cache', async () => {
    const history = 'We talked about this for a long time. '.repeat(80);
    const before = await served();
    for (let turn = 0; turn < 4; turn++) await (await ask(`${history} turn ${turn}`)).text();
    const after = await served();
    expect(after.map((count, index) => count - (before[index] ?? 0)).sort()).toEqual([0, 4]);
  });

  it('answers all who come while one of them is killed and has not been announced', async () => {
    const [first] = await engines();
    process.kill(first!.pid!, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`after the kill ${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await Promise.all(answers.map((answer) => answer.text()));
    await ready(2);
  });
});
