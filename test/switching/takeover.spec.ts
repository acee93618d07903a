import type { TestService } from '#testing/service-process';
import { eventually } from '#testing/eventually';
import { allBegun, completed, startChat, startChats } from '../faults/load';
import { CODER, DEFAULT_PROFILE, startSwitching, type SwitchingSystem } from './switching-system';

describe('a model-manager that is killed in the middle of a switch', () => {
  let tandem: SwitchingSystem;

  beforeAll(async () => {
    tandem = await startSwitching({ VLLM_SIM_LOAD_SECONDS: '2' });
  });
  afterAll(() => tandem.stop());

  const restartManager = (): Promise<void> => tandem.system.restart('model-manager');

  it('is followed by one that adopts the engine which loads, and ends the switch', async () => {
    const { url, apiKey } = tandem.system;
    const running = startChats(20, url, apiKey, { tokens: 100 });
    await allBegun(running);
    const id = await tandem.begin(CODER);
    const arriving = startChats(20, url, apiKey, { tokens: 20 });
    await tandem.inState(id, 'starting');
    const loading = await eventually(async () => {
      const [engine] = await tandem.engines();
      return engine?.state === 'loading' && engine.pid !== null ? engine : null;
    });
    await restartManager();
    expect(await tandem.over(id)).toMatchObject({ outcome: 'ready', to: CODER });
    expect(await tandem.engines()).toMatchObject([{ state: 'ready', pid: loading.pid }]);
    await Promise.all([...running, ...arriving].map(completed));
  });

  it('is followed by one that goes on draining, and cuts nothing', async () => {
    const { url, apiKey } = tandem.system;
    const long = startChat(url, apiKey, { tokens: 600 });
    await long.begun;
    const id = await tandem.begin(DEFAULT_PROFILE);
    await tandem.inState(id, 'draining');
    const arriving = startChats(5, url, apiKey, { tokens: 5 });
    await restartManager();
    expect(await tandem.over(id)).toMatchObject({ outcome: 'ready' });
    await Promise.all([long, ...arriving].map(completed));
  });

  it('leaves the profile that was chosen in force', async () => {
    const id = await tandem.begin(CODER);
    await tandem.over(id);
    const [before] = await tandem.engines();
    await restartManager();
    await eventually(async () => {
      expect(await tandem.engines()).toMatchObject([{ id: before?.id, pid: before?.pid }]);
      return true;
    });
    await eventually(async () => (await tandem.api('GET', 'models/switches')).status === 200);
    expect(await tandem.get(id)).toMatchObject({ outcome: 'ready' });
  });
});

describe('two model-managers', () => {
  let tandem: SwitchingSystem;
  let second: TestService;

  beforeAll(async () => {
    tandem = await startSwitching();
    second = await tandem.system.add('model-manager');
  });
  afterAll(() => tandem.stop());

  const enginesOf = async (url: string): Promise<{ state: string; pid: number }[]> =>
    ((await (await fetch(`${url}/status`)).json()) as { engines: { state: string; pid: number }[] }).engines;

  it('one leads and the other stands by: engines are started once', async () => {
    expect(await enginesOf(second.url)).toEqual([]);
    expect((await fetch(`${second.url}/health/ready`)).status).toBe(200);
  });

  it('the one that stands by adopts the engines of a leader that was killed, in the middle of a switch as well', async () => {
    const { url, apiKey } = tandem.system;
    const running = startChats(5, url, apiKey, { tokens: 100 });
    await allBegun(running);
    const id = await tandem.begin(CODER);
    await tandem.inState(id, 'draining');
    const arriving = startChats(5, url, apiKey, { tokens: 5 });
    await tandem.system.kill('model-manager');
    await eventually(async () => (await tandem.api('GET', `models/switches/${id}`)).status === 200, {
      timeoutMs: 60_000,
    });
    expect(await tandem.over(id)).toMatchObject({ outcome: 'ready' });
    await Promise.all([...running, ...arriving].map(completed));
    expect(await enginesOf(second.url)).toMatchObject([{ state: 'ready' }]);
  });

  it('one that comes back stands by', async () => {
    const [engine] = await enginesOf(second.url);
    await tandem.system.restart('model-manager');
    expect(await tandem.engines()).toEqual([]);
    expect(await enginesOf(second.url)).toMatchObject([{ pid: engine?.pid }]);
  });
});
