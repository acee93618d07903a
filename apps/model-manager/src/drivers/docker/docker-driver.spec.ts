import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { eventually } from '#testing/eventually';
import { freePort } from '#testing/ports';
import { LaunchError } from '../engine-driver';
import { ReadyMark } from '../ready-mark';
import type { ContainerLaunch, DockerSettings } from './container-spec';
import { DockerApi } from './docker-api';
import { DockerDriver, endStrayContainers } from './docker-driver';
import { RecordingDaemon } from './testing/recording-daemon';

const IMAGE = `registry.example/vllm-openai@sha256:${'a'.repeat(64)}`;
const TOKEN = 'hf_thisMustNotBeSeen';
const UUIDS = ['GPU-11111111-0000-0000-0000-000000000000', 'GPU-22222222-0000-0000-0000-000000000000'];

const LAUNCH: ContainerLaunch = {
  id: 'vllm-0',
  profile: 'qwen3-14b-awq',
  command: ['vllm'],
  args: ['Qwen/Qwen3-14B-AWQ', '--tensor-parallel-size', '2'],
  environment: { HF_TOKEN: TOKEN, PATH: '/host/bin', NCCL_P2P_DISABLE: '1' },
  gpus: () => Promise.resolve(UUIDS),
  fingerprint: 'f1',
  port: undefined,
};

const SETTINGS: DockerSettings = {
  owner: 'box',
  image: IMAGE,
  network: undefined,
  modelCache: 'tandem-models',
  sharedMemoryBytes: 8 * 1024 ** 3,
};

describe('the docker driver', () => {
  let daemon: RecordingDaemon;
  let folder: string;
  let logged: unknown[];

  beforeEach(async () => {
    daemon = new RecordingDaemon();
    daemon.images.add(IMAGE);
    await daemon.listen();
    folder = mkdtempSync(join(tmpdir(), 'tandem-ready-'));
    logged = [];
  });
  afterEach(async () => {
    await daemon.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const driver = (launch: Partial<ContainerLaunch> = {}, settings: Partial<DockerSettings> = {}): DockerDriver => {
    const api = new DockerApi({ kind: 'unix', socketPath: daemon.socketPath });
    const logger = { log: (line: unknown) => logged.push(line), warn: (line: unknown) => logged.push(line) };
    const mark = new ReadyMark(folder, LAUNCH.id);
    return new DockerDriver(api, { ...LAUNCH, ...launch }, { ...SETTINGS, ...settings }, mark, logger);
  };

  it('asks for exactly the cards of the profile, by UUID', async () => {
    await driver().start();
    expect(daemon.created().body.HostConfig.DeviceRequests).toEqual([
      { Driver: 'nvidia', DeviceIDs: UUIDS, Capabilities: [['gpu']] },
    ]);
  });

  it('asks for all cards where the profile names none', async () => {
    await driver({ gpus: null }).start();
    expect(daemon.created().body.HostConfig.DeviceRequests).toEqual([
      { Driver: 'nvidia', Count: -1, Capabilities: [['gpu']] },
    ]);
  });

  it('starts the image by its digest, with room for tensor parallel workers and the kept weights', async () => {
    await driver().start();
    const { Image, Entrypoint, Cmd, HostConfig } = daemon.created().body;
    expect(Image).toBe(IMAGE);
    expect([...Entrypoint, ...Cmd].join(' ')).toBe(
      'vllm serve Qwen/Qwen3-14B-AWQ --tensor-parallel-size 2 --host 0.0.0.0 --port 8000',
    );
    expect(HostConfig).toMatchObject({
      ShmSize: 8 * 1024 ** 3,
      IpcMode: 'private',
      Init: true,
      Mounts: [{ Type: 'volume', Source: 'tandem-models', Target: '/model-cache' }],
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
    });
  });

  it('publishes the engine on loopback alone', async () => {
    const engine = await driver().start();
    expect(daemon.created().body.HostConfig.PortBindings).toEqual({
      '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(engine.port) }],
    });
    expect(engine.url).toBe(`http://127.0.0.1:${engine.port}`);
  });

  it('publishes nothing where model-manager is on the same network, and reaches it by its name', async () => {
    const engine = await driver({}, { network: 'tandem_engines' }).start();
    expect(daemon.created().body.HostConfig).toMatchObject({ NetworkMode: 'tandem_engines', PortBindings: {} });
    expect(engine.url).toBe('http://tandem-box-vllm-0:8000');
    expect(daemon.created().query).toEqual({ name: 'tandem-box-vllm-0' });
  });

  it('mounts a folder of the host as the model cache', async () => {
    await driver({}, { modelCache: '/srv/models' }).start();
    expect(daemon.created().body.HostConfig.Mounts).toEqual([
      { Type: 'bind', Source: '/srv/models', Target: '/model-cache' },
    ]);
  });

  it('gives the access token to the engine alone: no label, no command line, no log', async () => {
    const engine = await driver().start();
    const { Env, ...rest } = daemon.created().body;
    expect(Env).toContain(`HF_TOKEN=${TOKEN}`);
    expect(Env.join()).not.toContain('/host/bin');
    expect(JSON.stringify(rest)).not.toContain(TOKEN);
    expect(JSON.stringify(logged) + engine.description).not.toContain(TOKEN);
  });

  it('fetches an image that is not there', async () => {
    daemon.images.clear();
    await driver().start();
    expect(daemon.requests.find(({ path }) => path.endsWith('/images/create'))?.query).toEqual({ fromImage: IMAGE });
  });

  it.each(['1.41', '1.44'])('speaks version %s of the API where that is the newest of the daemon', async (version) => {
    await daemon.close();
    daemon = new RecordingDaemon(version);
    daemon.images.add(IMAGE);
    await daemon.listen();
    await driver().start();
    expect(daemon.created().path).toBe(`/v${version}/containers/create`);
  });

  it('speaks no newer version than it was written by', async () => {
    await daemon.close();
    daemon = new RecordingDaemon('1.99');
    daemon.images.add(IMAGE);
    await daemon.listen();
    await driver().start();
    expect(daemon.created().path).toBe('/v1.47/containers/create');
  });

  it('adopts the container that it would start', async () => {
    const { handle, url } = await driver().start();
    expect(await driver().find()).toMatchObject({ handle, url, wasReady: false });
    expect(daemon.containers.size).toBe(1);
  });

  it('knows of an adopted container whether it had been ready', async () => {
    const engine = await driver().start();
    engine.markReady(1);
    expect(await driver().find()).toMatchObject({ wasReady: true });
  });

  it('removes a container of another configuration, and one that ended', async () => {
    await driver().start();
    expect(await driver({ fingerprint: 'f2' }).find()).toBeNull();
    expect(daemon.containers.size).toBe(0);
    await driver().start();
    daemon.exit(daemon.only, 1);
    expect(await driver().find()).toBeNull();
    expect(daemon.containers.size).toBe(0);
  });

  it('leaves the containers of another Tandem and of other engines alone', async () => {
    await driver({}, { owner: 'other' }).start();
    await driver({ id: 'vllm-1' }).start();
    expect(await driver().find()).toBeNull();
    await driver().start();
    expect(daemon.containers.size).toBe(3);
  });

  it('asks for an end with its grace, then removes the container', async () => {
    const engine = await driver().start();
    await engine.stop(9_500);
    const calls = daemon.requests.map(({ method, path, query }) => ({ call: `${method} ${path.slice(6)}`, query }));
    const id = engine.handle;
    expect(calls.slice(-2)).toEqual([
      { call: `POST /containers/${id}/stop`, query: { t: '10' } },
      { call: `DELETE /containers/${id}`, query: { force: 'true', v: 'true' } },
    ]);
    await engine.stop(0); // somebody else was faster
  });

  it('tells the exit after the last line of the log', async () => {
    const engine = await driver().start();
    const heard: string[] = [];
    const tail = engine.tail((line) => heard.push(line), 'start');
    daemon.print(daemon.only, 'INFO Starting to load model');
    await eventually(() => heard.length === 1);
    engine.onExit((code, signal) => heard.push(`exit ${String(code)} ${String(signal)}`));
    await eventually(() => daemon.requests.some(({ path }) => path.endsWith('/wait')));
    daemon.print(daemon.only, 'ERROR CUDA out of memory');
    daemon.exit(daemon.only, 1);
    await eventually(() => heard.length === 3);
    expect(heard).toEqual(['INFO Starting to load model', 'ERROR CUDA out of memory', 'exit 1 null']);
    tail.close();
  });

  it('goes on with the log where it was, when the daemon breaks the connection', async () => {
    const engine = await driver().start();
    const heard: string[] = [];
    const tail = engine.tail((line) => heard.push(line), 'start');
    daemon.print(daemon.only, 'one', 'two');
    await eventually(() => heard.length === 2);
    daemon.breakConnections();
    daemon.print(daemon.only, 'three');
    await eventually(() => heard.length === 3);
    expect(heard).toEqual(['one', 'two', 'three']);
    tail.close();
  });

  it('names the signal that ended it', async () => {
    const engine = await driver().start();
    const exit = new Promise((resolve) => engine.onExit((code, signal) => resolve([code, signal])));
    daemon.exit(daemon.only, 137);
    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  it.each<[RegExp, number, string, string]>([
    [/start$/, 500, 'could not select device driver "nvidia" with capabilities: [[gpu]]', 'gpu_not_available'],
    [/start$/, 500, 'nvidia-container-cli: device error: GPU-1: unknown device', 'gpu_not_available'],
    [/start$/, 500, 'driver failed programming external connectivity: port is already allocated', 'port_in_use'],
    [/start$/, 400, 'exec: "vllm": executable file not found in $PATH', 'command_not_found'],
    [/images\/create$/, 404, 'manifest unknown', 'image_not_found'],
    [/create$/, 403, 'authorization denied by plugin', 'driver_refused'],
  ])('names what the daemon refused: %s %i %s', async (path, status, message, failure) => {
    if (failure === 'image_not_found') daemon.images.clear();
    daemon.refusal = { path, status, message };
    const error = await driver()
      .start()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LaunchError);
    expect(error).toMatchObject({ failure, message });
    expect(daemon.containers.size).toBe(0);
  });

  it('says that Docker cannot be asked', async () => {
    const api = new DockerApi({ kind: 'unix', socketPath: join(folder, 'nobody.sock') });
    const logger = { log: () => undefined, warn: () => undefined };
    const away = new DockerDriver(api, LAUNCH, SETTINGS, new ReadyMark(folder, 'vllm-0'), logger);
    await expect(away.start()).rejects.toMatchObject({ failure: 'driver_unreachable' });
    await expect(away.find()).rejects.toThrow('cannot be asked');
  });

  it('does not start on a port that somebody else has', async () => {
    const port = await freePort();
    const somebody = createServer().listen(port, '127.0.0.1');
    await eventually(() => somebody.listening);
    await expect(driver({ port }).start()).rejects.toMatchObject({ failure: 'port_in_use' });
    somebody.close();
  });

  it('ends the engines of this Tandem that nobody knows of, and no others', async () => {
    const api = new DockerApi({ kind: 'unix', socketPath: daemon.socketPath });
    const known = await driver({ port: await freePort() }).start();
    const stray = await driver({ id: 'vllm-7', port: await freePort() }).start();
    const foreign = await driver({ id: 'vllm-7', port: await freePort() }, { owner: 'another' }).start();
    expect(await endStrayContainers(api, SETTINGS, ['vllm-0'])).toEqual(['vllm-7']);
    expect(await api.inspect(stray.handle)).toBeNull();
    expect(await api.inspect(known.handle)).not.toBeNull();
    expect(await api.inspect(foreign.handle)).not.toBeNull();
  });
});
