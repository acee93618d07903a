import { eventually } from '#testing/eventually';
import { killProcess } from '#testing/kill-process';
import type { SystemEngine } from '#testing/system';
import { allBegun, completed, startChat, startChats } from '../faults/load';
import {
  BESIDE,
  CODER,
  DEFAULT_MODEL_ID,
  DEFAULT_PROFILE,
  faultyProfile,
  startSwitching,
  TOO_LARGE,
  type SwitchingSystem,
} from './switching-system';

describe('changing the model under load', () => {
  let tandem: SwitchingSystem;

  beforeAll(async () => {
    tandem = await startSwitching({ ENGINE_LOAD_TIMEOUT_MS: '8000' });
  });
  afterAll(() => tandem.stop());

  /** Twenty streams that run, and twenty requests that come while the model is changed: every one is answered. */
  const underLoad = async (profile: string) => {
    const { url, apiKey } = tandem.system;
    const running = startChats(20, url, apiKey, { tokens: 150 });
    await allBegun(running);
    const id = await tandem.begin(profile);
    await tandem.inState(id, 'draining');
    const arriving = startChats(20, url, apiKey, { tokens: 20 });
    const over = await tandem.over(id);
    await Promise.all([...running, ...arriving].map(completed));
    return over;
  };
  /** As the gateway knows it, which is told within a moment of what model-manager answers. */
  const inForce = (): Promise<unknown> =>
    eventually(async () => {
      const { body } = await tandem.api('GET', 'models/status');
      return (body as { switch: unknown }).switch === null ? body : null;
    });

  it('answers what runs by the old model and what comes by the new one', async () => {
    const over = await underLoad(CODER);
    expect(over).toMatchObject({
      from: DEFAULT_PROFILE,
      to: CODER,
      state: 'ready',
      mode: 'replace',
      outcome: 'ready',
      failure: null,
    });
    expect(over.phases.map(({ name }) => name)).toEqual([
      'validating',
      'draining',
      'stopping',
      'starting',
      'warming_up',
      'benchmarking',
    ]);
    expect(await inForce()).toMatchObject({ state: 'ready', profile: CODER, switch: null });
    expect(await tandem.engines()).toMatchObject([{ state: 'ready' }]);
  });

  it('starts a model beside the one that runs where both fit, and nobody waits for it', async () => {
    const { url, apiKey } = tandem.system;
    const id = await tandem.begin(BESIDE);
    await tandem.inState(id, 'starting');
    // Answered while the new one loads.
    await completed(startChat(url, apiKey, { tokens: 5 }));
    const running = startChats(20, url, apiKey, { tokens: 100 });
    const over = await tandem.over(id);
    expect(over).toMatchObject({ mode: 'side_by_side', outcome: 'ready' });
    expect(over.phases.map(({ name }) => name)).not.toContain('draining');
    await Promise.all(running.map(completed));
    expect(await inForce()).toMatchObject({ profile: BESIDE, engines: [{ state: 'ready' }] });
  });

  it('goes on with the old model when the one beside it fails', async () => {
    const before = await tandem.engines();
    const back = await tandem.begin(CODER);
    expect(await tandem.over(back)).toMatchObject({ outcome: 'ready', mode: 'side_by_side' });
    const pid = (await tandem.engines())[0]?.pid;
    expect(pid).not.toBe(before[0]?.pid);
    expect(await tandem.over(await tandem.begin('faulty-beside'))).toMatchObject({ outcome: 'rolled_back' });
    expect((await tandem.engines())[0]?.pid).toBe(pid);
  });

  it.each([
    ['oom-load', 'oom_at_load'],
    ['oom-kv', 'kv_cache_too_small'],
    ['nccl', 'nccl_error'],
    ['port-in-use', 'port_in_use'],
    ['crash-after:1', 'warm_up_failed'],
    ['stuck-load', 'load_timeout'],
  ])('rolls back when the new model fails by %s, and names it', async (fault, code) => {
    const over = await underLoad(faultyProfile(fault));
    expect(over).toMatchObject({ outcome: 'rolled_back', failure: { code } });
    expect(over.failure?.advice).not.toBe('');
    expect(over.failure?.logLines.length).toBeGreaterThan(0);
    expect(await inForce()).toMatchObject({ state: 'ready', profile: over.from });
    expect(await tandem.engines()).toMatchObject([{ state: 'ready' }]);
  });

  it.each([
    ['has too little memory for its CUDA graphs', 'oom-graphs', 'oom_at_graphs', /CUDA out of memory/],
    ['may not be read from the hub', 'gated', 'model_access_denied', /gated repo/],
    ['has no chat template', 'no-chat-template', 'no_chat_template', /chat template/],
  ])('rolls back when the new model %s, and says so', async (_, fault, code, message) => {
    const over = await underLoad(faultyProfile(fault));
    expect(over).toMatchObject({
      outcome: 'rolled_back',
      failure: { code, message: expect.stringMatching(message) as string },
    });
    expect(over.failure?.advice).not.toBe('');
    expect(await inForce()).toMatchObject({ state: 'ready', profile: over.from });
  });

  it('rolls back when there is no such model', async () => {
    expect(await underLoad('no-such-model')).toMatchObject({
      outcome: 'rolled_back',
      failure: { code: 'model_not_found', logLines: [expect.stringContaining('no-such-model') as string] },
    });
  });

  it('rolls back when the new engine is killed while it loads', async () => {
    const { url, apiKey } = tandem.system;
    const id = await tandem.begin(faultyProfile('stuck-load'));
    await tandem.inState(id, 'starting');
    const arriving = startChats(5, url, apiKey, { tokens: 5 });
    const started = (): Promise<SystemEngine | undefined> =>
      tandem.engines().then((engines) => engines.find(({ pid }) => pid !== null));
    killProcess((await eventually(started)).pid);
    expect(await tandem.over(id)).toMatchObject({ outcome: 'rolled_back', failure: { code: 'killed' } });
    await Promise.all(arriving.map(completed));
  });

  it('can be cancelled while the new model loads', async () => {
    const { url, apiKey } = tandem.system;
    const id = await tandem.begin(faultyProfile('stuck-load'));
    await tandem.inState(id, 'starting');
    const arriving = startChats(5, url, apiKey, { tokens: 5 });
    await tandem.cancel(id);
    expect(await tandem.over(id)).toMatchObject({ outcome: 'cancelled', failure: null, state: 'cancelled' });
    await Promise.all(arriving.map(completed));
    expect((await tandem.api('DELETE', `models/switches/${id}`)).status).toBe(409);
    const { items } = (await tandem.api('GET', `audit?subject=${id}`)).body as { items: { action: string }[] };
    expect(items.map(({ action }) => action)).toEqual(['model.switch_cancelled', 'model.switch_begun']);
  });

  it('answers a request by the new model that had asked for the old one while it was replaced', async () => {
    const { url, apiKey } = tandem.system;
    const name = CODER;
    const long = startChat(url, apiKey, { tokens: 400 });
    await long.begun;
    const id = await tandem.begin(DEFAULT_PROFILE);
    await tandem.inState(id, 'draining');
    const waiting = startChat(url, apiKey, { tokens: 5, model: name });
    const expecting = startChat(url, apiKey, { tokens: 5, model: DEFAULT_MODEL_ID });
    expect(await tandem.over(id)).toMatchObject({ outcome: 'ready' });
    await Promise.all([long, waiting, expecting].map(completed));
    expect((await startChat(url, apiKey, { model: name }).ended).error).toBe('model_not_found');
  });

  it('runs one switch at a time, and tells the other its id', async () => {
    const id = await tandem.begin(faultyProfile('stuck-load'));
    expect(await tandem.api('POST', 'models/switch', { profile: CODER })).toMatchObject({
      status: 409,
      body: { switchId: id, error: { code: 'conflict' } },
    });
    await tandem.cancel(id);
    await tandem.over(id);
  });

  it('refuses a profile that cannot fit with what would make it fit, and one that is not there', async () => {
    expect(await tandem.api('POST', 'models/switch', { profile: TOO_LARGE })).toMatchObject({
      status: 422,
      body: { error: { code: 'does_not_fit', param: 'profile' }, fit: { verdict: 'no', suggestions: [{}] } },
    });
    expect(await tandem.api('POST', 'models/switch', { profile: 'no-such-profile' })).toMatchObject({ status: 404 });
    expect(await tandem.api('POST', 'models/switch', { profile: 7 })).toMatchObject({ status: 400 });
    expect(await tandem.api('GET', 'models/switches/00000000-0000-4000-8000-000000000000')).toMatchObject({
      status: 404,
    });
  });

  it('remembers every switch, newest first', async () => {
    const { body } = await tandem.api('GET', 'models/switches?limit=3');
    const page = body as { items: { startedAt: string }[]; nextCursor: string | null };
    expect(page.items).toHaveLength(3);
    expect(page.items.map(({ startedAt }) => startedAt)).toEqual(
      page.items.map(({ startedAt }) => startedAt).sort((one, other) => other.localeCompare(one)),
    );
    const next = await tandem.api('GET', `models/switches?limit=3&cursor=${page.nextCursor ?? ''}`);
    expect((next.body as { items: object[] }).items).toHaveLength(3);
    expect(next.body).not.toEqual(body);
  });
});
