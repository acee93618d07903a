import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerAddress } from '../../apps/model-manager/src/drivers/docker/docker-address';
import { DockerApi } from '../../apps/model-manager/src/drivers/docker/docker-api';
import { DockerDriver } from '../../apps/model-manager/src/drivers/docker/docker-driver';
import type { ContainerLaunch } from '../../apps/model-manager/src/drivers/docker/container-spec';
import type { RunningEngine } from '../../apps/model-manager/src/drivers/engine-driver';
import { ReadyMark } from '../../apps/model-manager/src/drivers/ready-mark';
import { eventually } from '#testing/eventually';

const host = process.env['DOCKER_HOST'];
const image = process.env['SIMULATOR_IMAGE'];
if (host === undefined || image === undefined)
  throw new Error('DOCKER_HOST and SIMULATOR_IMAGE are needed: use "npm run test:drivers"');

/** A start of a container copies its root file system where the storage driver cannot do better. */
const STARTED_WITHIN = { timeoutMs: 60_000 };
const TOKEN = 'hf_thisMustNotBeSeen';

describe('engines in containers of a real Engine API', () => {
  const api = new DockerApi(dockerAddress(host, undefined));
  const quiet = { log: () => undefined, warn: () => undefined };
  let folder: string;
  let engine: RunningEngine | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-docker-'));
  });
  afterEach(async () => {
    await engine?.stop(0);
    engine = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const driver = (over: Partial<ContainerLaunch> = {}): DockerDriver =>
    new DockerDriver(
      api,
      {
        id: 'vllm-0',
        profile: 'sim',
        command: ['/bin/node', '/app/dist/apps/vllm-simulator/src/main.js'],
        args: ['sim', '--max-model-len', '4096'],
        environment: { VLLM_SIM_LOAD_SECONDS: '0.2', HF_TOKEN: TOKEN },
        gpus: null,
        fingerprint: 'f1',
        port: undefined,
        ...over,
      },
      {
        owner: 'drivers-test',
        image,
        network: undefined,
        modelCache: 'tandem-drivers-test',
        sharedMemoryBytes: 1024 ** 3,
      },
      new ReadyMark(folder, 'vllm-0'),
      quiet,
    );
  const start = async (over: Partial<ContainerLaunch> = {}): Promise<RunningEngine> =>
    (engine = await driver(over).start());
  const healthy = ({ url }: RunningEngine): Promise<true> =>
    eventually(async () => ((await fetch(`${url}/health`)).ok ? true : null), STARTED_WITHIN);

  it('start, tell their log from its first line, answer, and end within the grace', async () => {
    const started = await start();
    const lines: string[] = [];
    const tail = started.tail((line) => lines.push(line), 'start');
    const exit = new Promise((resolve) => started.onExit((code, signal) => resolve({ code, signal })));
    await healthy(started);
    await eventually(() => lines.some((line) => line.includes('Application startup complete')));
    expect(lines.filter((line) => /Initializing a V1 LLM engine/.test(line))).toHaveLength(1);
    expect(lines.join('\n')).not.toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    await started.stop(10_000);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(await api.inspect(started.handle)).toBeNull();
    tail.close();
  });

  it('are found again with their log from now on, and only as long as they are what would be started', async () => {
    const started = await start();
    await healthy(started);
    started.markReady(Date.now());
    const found = await driver().find();
    expect(found).toMatchObject({ handle: started.handle, url: started.url, wasReady: true, pid: started.pid });
    const lines: string[] = [];
    const tail = found!.tail((line) => lines.push(line), 'end');
    await eventually(async () => {
      await fetch(`${started.url}/v1/nothing`);
      return lines.some((line) => line.includes('/v1/nothing'));
    });
    expect(lines.some((line) => line.includes('Initializing a V1 LLM engine'))).toBe(false);
    tail.close();
    expect(await driver({ fingerprint: 'f2' }).find()).toBeNull();
    expect(await api.inspect(started.handle)).toBeNull();
  });

  it('say that they ended by themselves, with the last words of the log before it', async () => {
    const started = await start({ environment: { VLLM_SIM_LOAD_SECONDS: '0.2', VLLM_SIM_FAULT: 'oom-load' } });
    const heard: string[] = [];
    started.tail((line) => heard.push(line), 'start');
    started.onExit((code) => heard.push(`exit ${String(code)}`));
    await eventually(() => heard.at(-1) === 'exit 1', STARTED_WITHIN);
    expect(heard.some((line) => line.includes('CUDA out of memory'))).toBe(true);
  });

  it('say that somebody killed them', async () => {
    const started = await start();
    await healthy(started);
    const exit = new Promise((resolve) => started.onExit((code, signal) => resolve({ code, signal })));
    process.kill(started.pid!, 'SIGKILL');
    expect(await exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('get their token, shared memory and model cache, and show the token in no label and no command line', async () => {
    const { handle } = await start();
    const facts = await rawInspection(handle);
    expect(facts.HostConfig).toMatchObject({ ShmSize: 1024 ** 3, RestartPolicy: { Name: 'no' } });
    expect(facts.Mounts).toMatchObject([{ Destination: '/model-cache', RW: true }]);
    const { Env, ...rest } = facts.Config;
    expect(Env).toContain(`HF_TOKEN=${TOKEN}`);
    expect(JSON.stringify(rest)).not.toContain(TOKEN);
  });

  it('name an image that cannot be had', async () => {
    const none = new DockerDriver(
      api,
      {
        id: 'vllm-1',
        profile: 'sim',
        command: ['vllm'],
        args: [],
        environment: {},
        gpus: null,
        fingerprint: 'f',
        port: undefined,
      },
      {
        owner: 'drivers-test',
        image: `localhost:1/nothing@sha256:${'0'.repeat(64)}`,
        network: undefined,
        modelCache: 'tandem-drivers-test',
        sharedMemoryBytes: 1024 ** 2,
      },
      new ReadyMark(folder, 'vllm-1'),
      quiet,
    );
    await expect(none.start()).rejects.toMatchObject({
      failure: expect.stringMatching(/image_not_found|driver_refused/) as string,
    });
  });

  async function rawInspection(id: string): Promise<{
    Config: { Env: string[] };
    HostConfig: Record<string, unknown>;
    Mounts: unknown[];
  }> {
    const { request } = await import('node:http');
    return new Promise((resolve, reject) => {
      request({ socketPath: host!.slice('unix://'.length), path: `/v1.41/containers/${id}/json` }, (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => (text += part.toString()));
        answer.on('end', () => resolve(JSON.parse(text) as never));
      })
        .once('error', reject)
        .end();
    });
  }
});
