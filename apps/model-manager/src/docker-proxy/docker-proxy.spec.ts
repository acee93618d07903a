import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerName, containerSpec, type ContainerLaunch } from '../drivers/docker/container-spec';
import { DockerApi } from '../drivers/docker/docker-api';
import { DockerDriver } from '../drivers/docker/docker-driver';
import { RecordingDaemon } from '../drivers/docker/testing/recording-daemon';
import { ReadyMark } from '../drivers/ready-mark';
import { DockerProxy } from './docker-proxy';

const ENGINES = {
  owner: 'box',
  image: `vllm/vllm-openai@sha256:${'a'.repeat(64)}`,
  network: 'tandem_engines',
  modelCache: 'tandem-models',
  sharedMemoryBytes: 1024 ** 3,
  command: ['vllm'],
};
const LAUNCH: ContainerLaunch = {
  id: 'vllm-0',
  profile: 'qwen3-14b-awq',
  command: ['vllm'],
  args: ['Qwen/Qwen3-14B-AWQ', '--tensor-parallel-size', '2'],
  environment: { HF_TOKEN: 'hf_x', NCCL_P2P_DISABLE: '1' },
  gpus: () => Promise.resolve(['GPU-1', 'GPU-2']),
  fingerprint: 'f1',
  port: undefined,
};
const SPEC = JSON.parse(JSON.stringify(containerSpec(LAUNCH, ENGINES, ['GPU-1'], null))) as Record<string, unknown> & {
  HostConfig: Record<string, unknown>;
};
const NAME = containerName(ENGINES, 'vllm-0');

describe('the proxy in front of Docker', () => {
  let daemon: RecordingDaemon;
  let proxy: DockerProxy;
  let url: string;
  let folder: string;
  let logged: unknown[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-ready-'));
    daemon = new RecordingDaemon();
    await daemon.listen();
    logged = [];
    proxy = new DockerProxy(daemon.socketPath, ENGINES, (line) => logged.push(line));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(proxy.server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    proxy.server.closeAllConnections();
    await new Promise((resolve) => proxy.server.close(resolve));
    await daemon.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = (path: string, body?: unknown): Promise<Response> =>
    fetch(url + path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const create = (body: unknown, name = NAME): Promise<Response> => post(`/v1.44/containers/create?name=${name}`, body);

  it('lets the driver fetch its image, start an engine, follow its log, see its end and remove it', async () => {
    const api = new DockerApi({ kind: 'tcp', host: '127.0.0.1', port: Number(new URL(url).port), tls: null });
    const quiet = { log: () => undefined, warn: () => undefined };
    const engine = await new DockerDriver(api, LAUNCH, ENGINES, new ReadyMark(folder, 'vllm-0'), quiet).start();
    const exit = new Promise((resolve) => engine.onExit(resolve));
    daemon.print(daemon.only, 'Application startup complete.');
    await new Promise<void>((resolve) => engine.tail((line) => line.includes('complete') && resolve(), 'start'));
    await engine.stop(1_000);
    expect(await exit).toBe(0);
    expect(daemon.containers.size).toBe(0);
    expect(logged).toEqual([]);
  });

  it.each<[string, (spec: typeof SPEC) => unknown]>([
    ['is privileged', (spec) => ({ ...spec, HostConfig: { ...spec.HostConfig, Privileged: true } })],
    ['has the host below it', (spec) => ({ ...spec, HostConfig: { ...spec.HostConfig, Binds: ['/:/host'] } })],
    [
      'mounts something else',
      (spec) => ({
        ...spec,
        HostConfig: { ...spec.HostConfig, Mounts: [{ Type: 'bind', Source: '/', Target: '/model-cache' }] },
      }),
    ],
    ['sees the processes of the host', (spec) => ({ ...spec, HostConfig: { ...spec.HostConfig, PidMode: 'host' } })],
    ['is on another network', (spec) => ({ ...spec, HostConfig: { ...spec.HostConfig, NetworkMode: 'host' } })],
    ['keeps its capabilities', (spec) => ({ ...spec, HostConfig: { ...spec.HostConfig, CapDrop: [] } })],
    ['is another image', (spec) => ({ ...spec, Image: 'alpine' })],
    ['runs another program', (spec) => ({ ...spec, Entrypoint: ['sh'] })],
    [
      'has a variable that no engine needs',
      (spec) => ({ ...spec, Env: [...(spec['Env'] as string[]), 'LD_PRELOAD=/x'] }),
    ],
    ['is somebody else’s', (spec) => ({ ...spec, Labels: { ...(spec['Labels'] as object), 'tandem.owner': 'other' } })],
    ['is no container at all', () => 'x'],
  ])('makes no container that %s', async (_what, change) => {
    const answer = await create(change(SPEC));
    expect(answer.status).toBe(403);
    expect(daemon.containers.size).toBe(0);
    expect(JSON.stringify(logged)).not.toContain('hf_x');
  });

  it('makes none under another name', async () => {
    expect((await create(SPEC, 'postgres')).status).toBe(403);
    expect((await create(SPEC)).status).toBe(201);
  });

  it('does not touch containers of others', async () => {
    const other = { Labels: {}, Image: 'postgres' } as never;
    daemon.containers.set('db', { ...blank, id: 'db', name: 'db', spec: other });
    for (const [method, path] of [
      ['POST', '/v1.44/containers/db/stop'],
      ['GET', '/v1.44/containers/db/json'],
      ['GET', '/v1.44/containers/db/logs'],
      ['DELETE', '/v1.44/containers/db?force=true'],
    ] as const)
      expect((await fetch(url + path, { method })).status).toBe(403);
    expect(daemon.containers.has('db')).toBe(true);
  });

  it.each([
    ['POST', '/v1.44/containers/x/exec'],
    ['GET', '/v1.44/containers/x/archive?path=/etc/shadow'],
    ['POST', '/v1.44/containers/x/../../build'],
    ['GET', '/v1.44/containers/json?all=true'],
    ['GET', '/v1.44/info'],
    ['POST', '/v1.44/images/create?fromImage=evil'],
    ['POST', `/v1.44/images/create?fromImage=${encodeURIComponent(ENGINES.image)}&fromSrc=-`],
    ['DELETE', `/v1.44/images/${ENGINES.image}`],
    ['POST', '/v1.44/volumes/create'],
    ['POST', '/v1.44/networks/create'],
    ['POST', '/v1.44/build'],
    ['GET', '/v1.44/secrets'],
  ])('refuses %s %s', async (method, path) => {
    const answer = await fetch(url + path, { method });
    expect(answer.status).toBe(403);
    expect(daemon.requests).toEqual([]);
  });

  it('is healthy when Docker answers', async () => {
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });
});

const blank = { running: true, exitCode: 0, startedAt: '2026-11-21T10:00:00Z', log: [], waiting: [] };
