import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStat } from '#common/servers/process-stat';
import { eventually } from '#testing/eventually';
import { killProcess } from '#testing/kill-process';
import { startSystem, type SystemEngine, type TestSystem } from '#testing/system';
import { allBegun, startChat, startChats } from '../faults/load';
import { describeAnswers } from './answers';

/** A cold start of the CPU build took 44 s on two idle cores, and 208 s on busy ones. */
const LOAD_MS = 300_000;
/** What such a file is called is how it becomes the profile of the first start. */
const FIRST = 'r1-distill-qwen-14b';
const SECOND = 'tiny-second';
/** Until something shows on a machine that is busy with loading. */
const BUSY = { timeoutMs: 60_000 };
/** Longer than whatever is done to the engine meanwhile; the model reads and writes 2,048 tokens at most. */
const LONG = 1_500;

/** Run by `npm run test:vllm`, which installs vLLM and makes the model. */
describe('a real vLLM in the care of Tandem', () => {
  let profiles: string;
  let system: TestSystem;

  beforeAll(async () => {
    const { TANDEM_TEST_VLLM: vllm = '', TANDEM_TEST_MODEL: model = '' } = process.env;
    profiles = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
    for (const name of [FIRST, SECOND]) writeFileSync(join(profiles, `${name}.yaml`), profile(name, model));
    const inherited = Object.entries(process.env).filter(([name]) =>
      /^(VLLM|HF|OMP)_|^DO_NOT_TRACK$|^HOME$/.test(name),
    );
    system = await startSystem({
      env: {
        ...Object.fromEntries(inherited.map(([name, value]) => [name, value ?? ''])),
        ENGINE_DRIVER: 'process',
        VLLM_COMMAND: vllm,
        NVIDIA_SMI_COMMAND: 'false',
        PROFILES_DIR: profiles,
        BENCHMARK_AFTER_CHANGE: 'false',
        QUEUE_DEADLINE_MS: String(LOAD_MS),
        FIRST_TOKEN_TIMEOUT_MS: '60000',
        RESPONSE_CACHE: 'memory',
      },
      readyWithinMs: LOAD_MS,
    });
  }, LOAD_MS + 60_000);
  afterAll(async () => {
    await system.stop();
    rmSync(profiles, { recursive: true, force: true });
  }, 120_000);

  const api = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${system.url}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const serves = (): Promise<unknown> =>
    eventually(async () => (await startChat(system.url, system.apiKey, { tokens: 5 }).ended).complete, {
      timeoutMs: LOAD_MS,
      everyMs: 500,
    });
  const running = async (): Promise<{ pid: number; chats: ReturnType<typeof startChats> }> => {
    const { pid } = await system.engine();
    if (pid === null) throw new Error('no engine runs');
    const chats = startChats(4, system.url, system.apiKey, { tokens: LONG });
    await allBegun(chats);
    return { pid, chats };
  };
  /** Every client is told, none hangs, nothing of the old engine stays, and a new one serves. */
  const isReplaced = async ({ pid, chats }: Awaited<ReturnType<typeof running>>): Promise<void> => {
    for (const { ended } of chats) {
      const { complete, error, broken } = await ended;
      expect([complete || error !== null, broken]).toEqual([true, false]);
    }
    await eventually(() => processesOfGroup(pid).length === 0, BUSY);
    await serves();
    expect((await system.engine()).pid).not.toBe(pid);
  };

  const engines = async (): Promise<SystemEngine[]> => {
    const answer = await fetch(`${system.services['model-manager'].url}/status`);
    return ((await answer.json()) as { engines: SystemEngine[] }).engines;
  };
  const over = (switchId: unknown): Promise<Record<string, unknown>> =>
    eventually(
      async () => {
        const one = await api('GET', `models/switches/${String(switchId)}`);
        return one['outcome'] === null ? null : one;
      },
      { timeoutMs: LOAD_MS, everyMs: 500 },
    );
  /** vLLM's engine behind the API server: a process of its own, which holds the weights and the KV cache. */
  const engineCore = (group: number): number => {
    const core = processesOfGroup(group).find(
      ({ pid, title }) => pid !== group && title.startsWith('VLLM::EngineCore'),
    );
    if (core === undefined) throw new Error(`no engine core in the group ${group}`);
    return core.pid;
  };

  describeAnswers(() => system);

  it(
    'is switched to another model while people chat, and every one of them is answered',
    async () => {
      const chats = startChats(6, system.url, system.apiKey, { tokens: 200 });
      await allBegun(chats);
      const { switchId } = await api('POST', 'models/switch', { profile: SECOND });
      const arriving = startChats(6, system.url, system.apiKey, { tokens: 20 });
      expect(await over(switchId)).toMatchObject({ to: SECOND, outcome: 'ready', failure: null });
      for (const { ended } of [...chats, ...arriving])
        expect(await ended).toMatchObject({ status: 200, complete: true, error: null, broken: false });
      expect(await api('GET', 'models/status')).toMatchObject({ state: 'ready', profile: SECOND });
    },
    LOAD_MS,
  );

  it(
    'whose port is taken by somebody else before it listens says so, is rolled back, and leaves him alone',
    async () => {
      const { pid: before } = await system.engine();
      const { switchId } = await api('POST', 'models/switch', { profile: FIRST });
      const arriving = startChats(3, system.url, system.apiKey, { tokens: 20 });
      const port = await eventually(
        async () => {
          const started = (await engines()).find(({ pid, url }) => pid !== null && pid !== before && url !== null);
          return started === undefined ? null : Number(new URL(started.url ?? '').port);
        },
        { timeoutMs: LOAD_MS },
      );
      const stranger = await startStranger(port, FIRST);
      expect(await over(switchId)).toMatchObject({
        outcome: 'rolled_back',
        failure: {
          code: 'port_in_use',
          logLines: expect.arrayContaining([expect.stringContaining('Address already in use')]) as string[],
        },
      });
      for (const { ended } of arriving) expect(await ended).toMatchObject({ status: 200, complete: true });
      expect(await api('GET', 'models/status')).toMatchObject({ state: 'ready', profile: SECOND });
      // He still answers, and nobody took him for the engine.
      expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
      expect(stranger.asked().filter((path) => path.includes('completions'))).toEqual([]);
      stranger.close();
    },
    2 * LOAD_MS,
  );

  it(
    'whose API server is killed leaves its core behind, which is ended before the next one is started',
    async () => {
      const before = await running();
      const core = engineCore(before.pid);
      const manager = system.pids['model-manager'];
      // Whoever watches it stands still, so that what vLLM does by itself can be seen.
      process.kill(manager, 'SIGSTOP');
      killProcess(before.pid);
      await eventually(() => !processesOfGroup(before.pid).some(({ pid }) => pid === before.pid));
      expect(engineCore(before.pid)).toBe(core);
      process.kill(manager, 'SIGCONT');
      await eventually(async () => {
        const { pid } = await system.engine();
        return pid !== null && pid !== before.pid;
      }, BUSY);
      expect(processesOfGroup(before.pid)).toEqual([]);
      await isReplaced(before);
    },
    LOAD_MS,
  );

  it(
    'whose engine core is killed is started again, although the API server still lives',
    async () => {
      const before = await running();
      killProcess(engineCore(before.pid));
      await isReplaced(before);
    },
    LOAD_MS,
  );

  it(
    'that somebody ends with SIGTERM while it streams is started again',
    async () => {
      const before = await running();
      process.kill(before.pid, 'SIGTERM');
      await isReplaced(before);
    },
    LOAD_MS,
  );
});

function profile(name: string, model: string): string {
  const settings = {
    model,
    servedModelName: name,
    maxModelLen: 2_048,
    maxNumSeqs: 16,
    enforceEager: true,
    distributedExecutorBackend: 'uni',
  };
  const lines = Object.entries(settings).map(([key, value]) => `    ${key}: ${String(value)}`);
  return `name: ${name}\nengines:\n  -${lines.join('\n').slice(3)}\n`;
}

/** Answers as an engine would, on a port that was meant for one. */
async function startStranger(port: number, model: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ object: 'list', data: [{ id: model, created: 0, max_model_len: 2_048 }] }));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return { asked: () => asked, close: () => server.close().closeAllConnections() };
}

/** Those that live in a process group, by /proc. */
function processesOfGroup(group: number): { pid: number; title: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = processStat(name);
        if (stat?.group !== group || stat.state === 'Z') return [];
        return [{ pid: Number(name), title: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}
