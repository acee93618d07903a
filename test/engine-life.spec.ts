import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { processStartTime } from '#common/servers/process-identity';
import { MODELS_BUCKET, MODELS_STATE_KEY, ModelSubjects, type EngineState, type ModelsState } from '#contracts/models';
import { eventually } from '#testing/eventually';
import { leash, shellWord, type Leash } from '#testing/leash';
import { startNats, type TestNats } from '#testing/nats';
import { startServiceProcess, type TestService } from '#testing/service-process';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '#testing/simulator';

/** What GET /status of model-manager says, as far as these tests look. */
interface Status {
  profile: string | null;
  engines: {
    id: string;
    state: string;
    pid: number | null;
    port: number | null;
    url: string | null;
    cause: string | null;
    message: string | null;
  }[];
  gpus: { name: string; totalMib: number; usedMib: number }[];
}

const MODEL = 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B';
const FAST = { VLLM_SIM_LOAD_SECONDS: '0.2', VLLM_SIM_TOKENS_PER_SECOND: '200' };

describe('an engine in the care of model-manager', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let folder: string;
  let guard: Leash;
  let manager: TestService | null = null;
  const others: RunningSimulator[] = [];

  beforeAll(async () => {
    nats = await startNats({ jetstream: true });
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1 });
  });
  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-engines-'));
    // Engines outlive model-manager on purpose; they must not outlive the test.
    guard = leash(endEngines(folder));
  });
  afterEach(async () => {
    await manager?.end();
    manager = null;
    await Promise.all(others.splice(0).map((simulator) => simulator.stop()));
    await guard.release();
    expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (env: Record<string, string> = {}): Promise<TestService> => {
    manager = await startServiceProcess('model-manager', {
      NATS_URL: nats.url,
      ENGINE_DRIVER: 'simulator',
      ENGINE_STATE_DIR: folder,
      ...FAST,
      ...env,
    });
    return manager;
  };
  const somebodyElses = async (options: SimulatorOptions = {}): Promise<RunningSimulator> => {
    const simulator = await startSimulator(options);
    others.push(simulator);
    return simulator;
  };
  const status = async (): Promise<Status> => (await (await fetch(`${manager!.url}/status`)).json()) as Status;
  const engine = async (): Promise<Status['engines'][number]> => (await status()).engines[0]!;
  const inState = (state: string) =>
    eventually(async () => {
      const now = await engine();
      if (now.state !== state) throw new Error(`the engine is ${JSON.stringify(now)}`);
      return now;
    });
  /** The first failure that is announced from now on: the next try may follow within half a second. */
  const failure = async (): Promise<Extract<EngineState, { kind: 'failed' }>> => {
    const heard: EngineState[] = [];
    const subscription = connection.subscribe(ModelSubjects.state, {
      callback: (_, message) => void heard.push(message.json<ModelsState>().engines[0]!.state),
    });
    const failed = await eventually(() => heard.find((state) => state.kind === 'failed'), { timeoutMs: 60_000 });
    subscription.unsubscribe();
    return failed;
  };
  const stored = async (): Promise<ModelsState> => {
    const entry = await (await new Kvm(jetstream(connection)).open(MODELS_BUCKET)).get(MODELS_STATE_KEY);
    return entry!.json();
  };
  /** What is announced follows what `/status` shows: it is waited for. */
  const storedEngine = (expected: object) =>
    eventually(async () => {
      const engine = (await stored()).engines[0];
      expect(engine).toMatchObject(expected);
      return engine;
    });
  const chat = (url: string, maxTokens: number): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: MODEL,
        stream: true,
        max_tokens: maxTokens,
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });

  it('is started, and everybody hears of it, who starts late as well', async () => {
    const heard: ModelsState[] = [];
    const subscription = connection.subscribe(ModelSubjects.state, {
      callback: (_, message) => void heard.push(message.json()),
    });
    await start();
    const { url, port } = await inState('ready');
    const state = await eventually(() => heard.find(({ engines }) => engines[0]?.state.kind === 'ready'));
    subscription.unsubscribe();
    expect(state).toMatchObject({
      profile: 'r1-distill-qwen-14b',
      engines: [
        {
          id: 'vllm-0',
          driver: 'simulator',
          profile: 'r1-distill-qwen-14b',
          state: { kind: 'ready', url: `http://127.0.0.1:${port}` },
          models: [{ id: MODEL, aliases: ['r1-distill-qwen-14b', 'deepseek-r1-distill-qwen-14b'], maxModelLen: 8192 }],
          acceptsUnlistedModels: false,
        },
      ],
    });
    expect(heard[0]?.engines[0]?.state.kind).toBe('loading');
    await eventually(async () => (await stored()).revision === state.revision);
    const answer = await connection.request(ModelSubjects.status, JSON.stringify({ id: '1', data: {} }));
    expect(answer.json()).toMatchObject({ response: state });
    expect((await fetch(`${url!}/health`)).status).toBe(200);
  });

  it('is started again when it was killed, and the revision grows', async () => {
    await start();
    const first = await inState('ready');
    const before = await eventually(async () => {
      const state = await stored();
      return state.engines[0]?.state.kind === 'ready' ? state : null;
    });
    process.kill(first.pid!, 'SIGKILL');
    const second = await eventually(async () => {
      const now = await engine();
      return now.state === 'ready' && now.pid !== first.pid ? now : null;
    });
    expect(processStartTime(second.pid!)).not.toBeNull();
    await eventually(async () => (await stored()).revision > before.revision);
    expect(await (await fetch(`${manager!.url}/metrics`)).text()).toMatch(
      /tandem_engine_restarts_total\{engine="vllm-0",cause="(killed|crashed)"\} 1/,
    );
  });

  it('lives through a kill -9 of model-manager, its streams as well, and is adopted by the next', async () => {
    const service = await start();
    const first = await inState('ready');
    const streaming = chat(first.url!, 200).then((response) => response.text());
    await service.kill();
    expect(processStartTime(first.pid!)).not.toBeNull();
    await service.start();
    expect(await inState('ready')).toMatchObject({ pid: first.pid, port: first.port });
    expect((await streaming).trimEnd()).toMatch(/data: \[DONE\]$/);
    // It is watched like its own: this is nobody's child here.
    process.kill(first.pid!, 'SIGKILL');
    await eventually(async () => (await engine()).pid !== first.pid);
    await inState('ready');
  });

  it('is adopted while it still loads', async () => {
    const service = await start({ VLLM_SIM_LOAD_SECONDS: '2' });
    const first = await eventually(async () => {
      const now = await engine();
      return now.pid === null ? null : now;
    });
    expect(first.state).toBe('loading');
    await service.kill();
    await service.start();
    expect(await inState('ready')).toMatchObject({ pid: first.pid });
  });

  it('is ended and replaced when the next model-manager is configured otherwise', async () => {
    const service = await start();
    const first = await inState('ready');
    await service.kill();
    await service.end();
    await start({ VLLM_MAXLEN: '4096' });
    const second = await inState('ready');
    expect(second.pid).not.toBe(first.pid);
    expect(processStartTime(first.pid!)).toBeNull();
    await storedEngine({ models: [{ maxModelLen: 4096 }] });
  });

  it('leaves with model-manager at SIGTERM, after its stream has ended', async () => {
    const service = await start({ VLLM_SIM_TOKENS_PER_SECOND: '50' });
    const { pid, url } = await inState('ready');
    const response = await chat(url!, 50);
    const text = response.text();
    await service.stop();
    expect((await text).trimEnd()).toMatch(/data: \[DONE\]$/);
    expect(processStartTime(pid!)).toBeNull();
    expect((await stored()).engines[0]?.state).toEqual({ kind: 'stopped' });
  });

  it('is left at SIGTERM where the operator wants that, and serves until the next model-manager has it', async () => {
    const service = await start({ ENGINE_AT_STOP: 'leave' });
    const { pid, url } = await inState('ready');
    const streaming = chat(url!, 50).then((response) => response.text());
    await service.stop();
    expect(processStartTime(pid!)).not.toBeNull();
    await storedEngine({ state: { kind: 'ready' } });
    expect((await streaming).trimEnd()).toMatch(/data: \[DONE\]$/);
    await service.end();
    await start();
    expect(await inState('ready')).toMatchObject({ pid });
  });

  it('names an OOM at load, with advice, and tries again', async () => {
    await start({ VLLM_SIM_FAULT: 'oom-load' });
    expect(await failure()).toMatchObject({
      cause: 'oom_at_load',
      message: expect.stringMatching(/CUDA out of memory.*Lower maxModelLen/s) as string,
      retryAt: expect.any(Number) as number,
    });
    await inState('loading');
  });

  it.each([
    ['oom-kv', 'kv_cache_too_small'],
    ['nccl', 'nccl_error'],
    ['port-in-use', 'port_in_use'],
  ])('names the fault %s as %s', async (fault, cause) => {
    await start({ VLLM_SIM_FAULT: fault });
    expect(await failure()).toMatchObject({ cause });
  });

  it('is not tried again with a command that is not there, and everything else goes on', async () => {
    await start({ ENGINE_DRIVER: 'process', VLLM_COMMAND: '/no/such/vllm', NVIDIA_SMI_COMMAND: '/no/such/smi' });
    expect(await inState('failed')).toMatchObject({ cause: 'command_not_found', pid: null });
    await storedEngine({ state: { kind: 'failed', retryAt: null } });
    expect((await status()).gpus).toEqual([]);
  });

  it('is restarted when it hangs although its /health is well', async () => {
    await start({ VLLM_SIM_FAULT: 'hang-after:20', ENGINE_HANG_TIMEOUT_MS: '2000' });
    const { url, pid } = await inState('ready');
    const failed = failure();
    const stream = await chat(url!, 200);
    const text = stream.text().catch(() => 'cut');
    expect(await failed).toMatchObject({ cause: 'hung' });
    await eventually(() => processStartTime(pid!) === null);
    await text;
    await inState('ready');
  });

  it('is restarted when it hung before it took its first request', async () => {
    await start({ VLLM_SIM_FAULT: 'hang-after:0', ENGINE_HANG_TIMEOUT_MS: '2000' });
    const { url } = await inState('ready');
    const failed = failure();
    const answer = chat(url!, 5).catch(() => 'cut');
    expect(await failed).toMatchObject({ cause: 'hung' });
    await answer;
  });

  it('does not start on a port that somebody else has', async () => {
    const simulator = await somebodyElses();
    await start({ ENGINE_PORT: String(simulator.port) });
    expect(await inState('failed')).toMatchObject({ cause: 'port_in_use', pid: null });
    await simulator.stop();
    expect(await inState('ready')).toMatchObject({ port: simulator.port });
  });

  it('is announced again when NATS was killed and came back, with what happened meanwhile', async () => {
    const own = await startNats({ jetstream: true });
    const service = await start({ NATS_URL: own.url });
    const first = await inState('ready');
    await own.kill();
    process.kill(first.pid!, 'SIGKILL');
    await eventually(async () => (await engine()).pid !== first.pid);
    await inState('ready');
    await own.restart();
    const later = await connect({ servers: own.url });
    const bucket = await new Kvm(jetstream(later)).open(MODELS_BUCKET);
    await eventually(async () => {
      const { port } = await engine();
      const state = (await bucket.get(MODELS_STATE_KEY))?.json<ModelsState>().engines[0]?.state;
      return state?.kind === 'ready' && state.url.endsWith(`:${port}`);
    });
    await later.close();
    await service.end();
    manager = null;
    await own.stop();
  });

  it('shows the GPUs of the host', async () => {
    await start();
    await eventually(async () => (await status()).gpus.length === 2);
    expect((await status()).gpus[0]).toMatchObject({ name: 'NVIDIA GeForce RTX 3090', totalMib: 24576 });
  });

  it("may be somebody else's: looked at, never started or stopped", async () => {
    const simulator = await somebodyElses({ model: 'elsewhere' });
    await start({ ENGINE_DRIVER: 'external', ENGINE_URL: `${simulator.url}/v1` });
    await inState('ready');
    await storedEngine({ driver: 'external', models: [{ id: 'elsewhere' }], acceptsUnlistedModels: true });
    expect((await stored()).profile).toBeNull();
    await manager!.stop();
    expect((await fetch(`${simulator.url}/health`)).status).toBe(200);
    await manager!.start();
    await inState('ready');
    await simulator.stop();
    expect(
      await eventually(async () => ((await engine()).state === 'failed' ? engine() : null), { timeoutMs: 60_000 }),
    ).toMatchObject({
      cause: 'unreachable',
      message: expect.stringContaining('ENGINE_URL') as string,
    });
  });
});

/** Shell words that end every engine that is recorded in the folder. */
function endEngines(folder: string): string {
  const records = `${shellWord(folder)}/*.json`;
  return `for f in ${records}; do g=$(sed -n 's/.*"pgid": \\([0-9]*\\).*/\\1/p' "$f"); kill -9 -- -$g; done; rm -rf ${shellWord(folder)}`;
}
