import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Switch } from '#contracts/switching';
import { eventually } from '#testing/eventually';
import { startSystem, type SystemEngine, type TestSystem } from '#testing/system';

const PROFILES = join(__dirname, '../../profiles');
/** A switch of the simulator takes two or three seconds; this machine may be busy. */
const SWITCH_LIMIT = { timeoutMs: 60_000 };

export const DEFAULT_PROFILE = 'r1-distill-qwen-14b';
export const DEFAULT_MODEL_ID = 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B';
export const CODER = 'qwen2.5-coder-7b';
/** On GPU 0 alone, beside those on GPU 1. */
export const BESIDE = 'beside';

export const TOO_LARGE = 'too-large';
/** One that the fit check knows: else it would not be started beside another. */
const FAULTY_BESIDE = 'Qwen/Qwen2.5-7B-Instruct';

/** Profiles of models that fail in one way each, by the fault. */
const FAULTY = [
  'oom-load',
  'oom-kv',
  'oom-graphs',
  'nccl',
  'gated',
  'no-chat-template',
  'port-in-use',
  'crash-after:1',
  'stuck-load',
];

export const faultyProfile = (fault: string): string => `faulty-${fault.replace(':', '-')}`;
const faultyModel = (fault: string): string => `test/${faultyProfile(fault)}`;

/** A Tandem whose profiles are those that ship, and some that fail. */
export interface SwitchingSystem {
  readonly system: TestSystem;
  api(method: string, path: string, body?: object, apiKey?: string): Promise<{ status: number; body: unknown }>;
  /** Begins a switch. @returns its id. */
  begin(profile: string): Promise<string>;
  cancel(id: string): Promise<void>;
  get(id: string): Promise<Switch>;
  /** Waits until it is over. */
  over(id: string): Promise<Switch>;
  /** Waits until it is in this state, or was: some last only as long as what runs. */
  inState(id: string, state: Switch['state']): Promise<Switch>;
  /** All engines that live, as model-manager sees them. */
  engines(): Promise<SystemEngine[]>;
  stop(): Promise<void>;
}

export async function startSwitching(env: Readonly<Record<string, string>> = {}): Promise<SwitchingSystem> {
  const profiles = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
  cpSync(PROFILES, profiles, { recursive: true });
  for (const fault of FAULTY) write(profiles, faultyProfile(fault), faultyModel(fault), [0, 1]);
  write(profiles, 'no-such-model', './no-such-model', [0, 1]);
  write(profiles, 'faulty-beside', FAULTY_BESIDE, [0]);
  // Far less than its weights.
  write(profiles, TOO_LARGE, DEFAULT_MODEL_ID, [1]);
  write(profiles, BESIDE, 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', [0]);
  const system = await startSystem({
    env: {
      PROFILES_DIR: profiles,
      VLLM_SIM_LOAD_SECONDS: '0.5',
      BENCHMARK_AFTER_CHANGE: 'false',
      VLLM_SIM_TOKENS_PER_SECOND: '100',
      VLLM_SIM_MODEL_FAULTS: [
        ...FAULTY.map((fault) => `${faultyModel(fault)}=${fault}`),
        `${FAULTY_BESIDE}=oom-load`,
      ].join(';'),
      ...env,
    },
  });
  const api: SwitchingSystem['api'] = async (method, path, body, apiKey = system.apiKey) => {
    const response = await fetch(`${system.url}/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  const get = async (id: string): Promise<Switch> => {
    const { status, body } = await api('GET', `models/switches/${id}`);
    if (status !== 200) throw new Error(`the switch answered ${status}: ${JSON.stringify(body)}`);
    return body as Switch;
  };
  const until = (id: string, is: (one: Switch) => boolean): Promise<Switch> =>
    eventually(async () => {
      const one = await get(id);
      if (!is(one)) throw new Error(`the switch is ${JSON.stringify(one)}`);
      return one;
    }, SWITCH_LIMIT);
  return {
    system,
    api,
    begin: async (profile) => {
      const { status, body } = await api('POST', 'models/switch', { profile });
      if (status !== 202) throw new Error(`the switch was answered ${status}: ${JSON.stringify(body)}`);
      return (body as { switchId: string }).switchId;
    },
    cancel: async (id) => {
      const { status, body } = await api('DELETE', `models/switches/${id}`);
      if (status !== 202) throw new Error(`the cancel was answered ${status}: ${JSON.stringify(body)}`);
    },
    get,
    over: (id) => until(id, ({ outcome }) => outcome !== null),
    inState: (id, state) => until(id, (one) => one.state === state || one.phases.some(({ name }) => name === state)),
    engines: async () => {
      const answer = await fetch(`${system.services['model-manager'].url}/status`);
      return ((await answer.json()) as { engines: SystemEngine[] }).engines;
    },
    stop: async () => {
      await system.stop();
      rmSync(profiles, { recursive: true, force: true });
    },
  };
}

function write(folder: string, name: string, model: string, gpus: number[]): void {
  const engine = [
    `  - model: ${model}`,
    '    maxModelLen: 4096',
    '    gpuMemoryUtilization: 0.9',
    `    tensorParallelSize: ${gpus.length}`,
    `    gpus: [${gpus.join(', ')}]`,
  ];
  writeFileSync(join(folder, `${name}.yaml`), [`name: ${name}`, 'engines:', ...engine, ''].join('\n'));
}
