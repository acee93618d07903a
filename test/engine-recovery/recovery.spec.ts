import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Alert } from '#contracts/alerts';
import { ModelSubjects, type ModelsState } from '#contracts/models';
import { eventually } from '#testing/eventually';
import { leash, shellWord, type Leash } from '#testing/leash';
import { startNats, type TestNats } from '#testing/nats';
import { startServiceProcess, type TestService } from '#testing/service-process';

interface EngineView {
  state: string;
  pid: number | null;
  cause: string | null;
  message: string | null;
  steppedDown: string | null;
}

const MODEL = 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B';
/** Its context is more than two cards can hold, so that the simulated boot ends as a real one would. */
const TOO_LONG = `
name: r1-distill-qwen-14b
engines:
  - model: ${MODEL}
    dtype: float16
    tensorParallelSize: 2
    maxModelLen: 131072
    gpuMemoryUtilization: 0.90
    gpus: [0, 1]
fallbacks:
  - gpuMemoryUtilization: 0.80
  - maxModelLen: 120000
  - maxModelLen: 8192
`;

/** Its own fallback is the one before: that is not gone back to. */
const SMALLER = `
name: smaller
engines:
  - { model: Qwen/Qwen2.5-7B-Instruct, maxModelLen: 4096, gpuMemoryUtilization: 0.9, gpus: [1] }
fallbacks: [r1-distill-qwen-14b]
`;
const NO_MEMORY = `
name: r1-distill-qwen-14b
engines:
  - { model: ${MODEL}, dtype: float16, tensorParallelSize: 2, maxModelLen: 8192, gpuMemoryUtilization: 0.90, gpus: [0, 1] }
fallbacks: [no-such-profile, smaller]
`;

describe('an engine that does not come up', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let folder: string;
  let guard: Leash;
  let manager: TestService | null = null;
  let states: ModelsState[] = [];

  beforeAll(async () => {
    nats = await startNats({ jetstream: true });
    connection = await connect({ servers: nats.url });
    connection.subscribe(ModelSubjects.state, { callback: (_, message) => void states.push(message.json()) });
  });
  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-recovery-'));
    states = [];
    guard = leash(endEngines(folder));
  });
  afterEach(async () => {
    await manager?.end();
    manager = null;
    await guard.release();
    expect(readdirSync(folder).filter((name) => /\.(json|stepped)$/.test(name))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  const storedAlerts = async (): Promise<Alert[]> => {
    const bucket = await new Kvm(jetstream(connection)).open('models-alerts');
    const alerts: Alert[] = [];
    for await (const key of await bucket.keys()) alerts.push((await bucket.get(key))!.json());
    return alerts;
  };
  const start = async (profile: string | null, env: Record<string, string> = {}): Promise<TestService> => {
    const profiles = join(folder, 'profiles');
    if (profile !== null) {
      mkdirSync(profiles);
      writeFileSync(join(profiles, 'r1-distill-qwen-14b.yaml'), profile);
      writeFileSync(join(profiles, 'smaller.yaml'), SMALLER);
    }
    manager = await startServiceProcess('model-manager', {
      NATS_URL: nats.url,
      ENGINE_DRIVER: 'simulator',
      ENGINE_STATE_DIR: folder,
      VLLM_SIM_LOAD_SECONDS: '0.1',
      ...(profile === null ? {} : { PROFILES_DIR: profiles }),
      ...env,
    });
    return manager;
  };
  const engine = async (): Promise<EngineView> =>
    ((await (await fetch(`${manager!.url}/status`)).json()) as { engines: EngineView[] }).engines[0]!;
  const ready = () =>
    eventually(async () => ((await engine()).state === 'ready' ? engine() : null), { timeoutMs: 60_000 });

  it('for want of memory is started with less, along the fallbacks of its profile that can help, and says so', async () => {
    await start(TOO_LONG);
    // 0.80 would make it worse, and 120,000 tokens are still too many.
    expect(await ready()).toMatchObject({ steppedDown: 'maxModelLen: 120000; maxModelLen: 8192' });
    const last = await eventually(() =>
      states.find(
        ({ engines, alerts = [] }) =>
          engines[0]?.state.kind === 'ready' && alerts.some(({ kind }) => kind === 'stepped_down'),
      ),
    );
    expect(last.engines[0]).toMatchObject({
      steppedDown: 'maxModelLen: 120000; maxModelLen: 8192',
      models: [{ id: MODEL, maxModelLen: 8192 }],
    });
    expect(last.alerts).toContainEqual(
      expect.objectContaining({
        kind: 'stepped_down',
        engine: 'vllm-0',
        message: expect.stringMatching(/runs with less than its profile says: .*maxModelLen: 8192/) as string,
      }),
    );
    // Who waits for it is never told that there is nothing to wait for.
    const kinds = states.flatMap(({ engines }) => engines.map(({ state }) => state));
    expect(kinds.filter(({ kind }) => kind === 'stopped')).toEqual([]);
    expect(kinds.filter((state) => state.kind === 'failed' && state.retryAt === null)).toEqual([]);
  });

  it('and was started with less is adopted as it is after a kill -9 of model-manager, and tried in full after a stop', async () => {
    const service = await start(TOO_LONG);
    const { pid } = await ready();
    await service.kill();
    await service.start();
    expect(await ready()).toMatchObject({ pid, steppedDown: 'maxModelLen: 120000; maxModelLen: 8192' });
    states = [];
    await service.stop();
    expect(existsSync(join(folder, 'vllm-0.stepped'))).toBe(false);
    await service.start();
    expect(await ready()).toMatchObject({ steppedDown: 'maxModelLen: 120000; maxModelLen: 8192' });
    expect(
      states.some(({ engines }) => engines[0]?.state.kind === 'failed' && engines[0].steppedDown === undefined),
    ).toBe(true);
  });

  it('and has no setting left is replaced by the next fallback of its profile, visibly, once, and over a kill -9', async () => {
    const service = await start(NO_MEMORY, {
      VLLM_SIM_MODEL_FAULTS: `${MODEL}=oom-load`,
      BENCHMARK_AFTER_CHANGE: 'false',
    });
    const inForce = (name: string) =>
      eventually(
        () =>
          states.find(
            ({ profile, engines, switch: running, alerts = [] }) =>
              profile === name &&
              running == null &&
              engines[0]?.state.kind === 'ready' &&
              alerts.some(({ kind }) => kind === 'profile_fallback'),
          ),
        { timeoutMs: 60_000 },
      );
    const told = await inForce('smaller');
    expect(told.alerts).toContainEqual(
      expect.objectContaining({
        kind: 'profile_fallback',
        engine: null,
        message: expect.stringMatching(/^smaller is in force: r1-distill-qwen-14b, .*CUDA out of memory/) as string,
      }),
    );
    const changes = states.flatMap(({ switch: running }) => (running == null ? [] : [running]));
    expect(new Set(changes.map(({ from, to, requestedBy }) => `${String(from)} ${to} ${String(requestedBy)}`))).toEqual(
      new Set(['r1-distill-qwen-14b smaller null']),
    );
    // Who waits for it is never told that there is nothing to wait for.
    const kinds = states.flatMap(({ engines }) => engines.map(({ state }) => state));
    expect(kinds.filter((state) => state.kind === 'failed' && state.retryAt === null)).toEqual([]);
    // It is told before it is on the disk, which a kill -9 at this moment would show.
    await eventually(async () =>
      (await storedAlerts()).some(({ kind, endedAt }) => kind === 'profile_fallback' && endedAt === null),
    );
    await service.kill();
    states = [];
    await service.start();
    expect((await inForce('smaller')).alerts).toContainEqual(expect.objectContaining({ kind: 'profile_fallback' }));
  });

  it('six times in a row is not started again, and somebody is told', async () => {
    await start(TOO_LONG, { VLLM_SIM_FAULT: 'nccl' });
    const told = await eventually(
      () => states.find(({ alerts = [] }) => alerts.some(({ kind }) => kind === 'crash_loop')),
      { timeoutMs: 60_000 },
    );
    expect(told.alerts?.find(({ kind }) => kind === 'crash_loop')).toMatchObject({
      engine: 'vllm-0',
      message: expect.stringMatching(/vllm-0 is not started any more.*NCCL/s) as string,
    });
    await eventually(async () => /failed 6 times in a row/.test((await engine()).message ?? ''));
    expect(await engine()).toMatchObject({ state: 'failed', cause: 'nccl_error', pid: null });
    const metrics = await (await fetch(`${manager!.url}/metrics`)).text();
    expect(metrics).toMatch(/tandem_engine_failures_total\{engine="vllm-0",cause="nccl_error"\} 6/);
    expect(metrics).toMatch(/tandem_alerts_active\{kind="crash_loop"\} 1/);
  });
});

/** Shell words that end every engine that is recorded in the folder. */
function endEngines(folder: string): string {
  const records = `${shellWord(folder)}/*.json`;
  return `for f in ${records}; do g=$(sed -n 's/.*"pgid": \\([0-9]*\\).*/\\1/p' "$f"); kill -9 -- -$g; done; rm -rf ${shellWord(folder)}`;
}
