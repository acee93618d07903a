import { Accounts } from '../admission/accounts';
import { eventually } from '#testing/eventually';
import { readSse } from '#testing/read-sse';
import {
  BESIDE,
  CODER,
  DEFAULT_MODEL_ID,
  DEFAULT_PROFILE,
  startSwitching,
  type SwitchingSystem,
} from './switching-system';

describe('the routes of models, profiles and engines', () => {
  let tandem: SwitchingSystem;
  let userKey: string;

  beforeAll(async () => {
    tandem = await startSwitching();
    userKey = await (await Accounts.of(tandem.system)).newUserKey();
  });
  afterAll(() => tandem.stop());

  const follow = (path: string, key = tandem.system.apiKey): Feed => new Feed(`${tandem.system.url}/api/${path}`, key);

  it('the status names the engines, the profile in force and the queue', async () => {
    expect(await tandem.api('GET', 'models/status', undefined, userKey)).toMatchObject({
      status: 200,
      body: {
        state: 'ready',
        profile: DEFAULT_PROFILE,
        switch: null,
        queue: { waiting: 0, running: 0 },
        engines: [{ id: 'vllm-0', state: 'ready', models: [{ id: DEFAULT_MODEL_ID, maxModelLen: 8192 }] }],
      },
    });
  });

  it('profiles say whether they fit, one by one and for another host', async () => {
    const { body } = await tandem.api('GET', 'profiles', undefined, userKey);
    const { items, refused } = body as { items: { name: string; active: boolean }[]; refused: object[] };
    expect(items.filter(({ active }) => active).map(({ name }) => name)).toEqual([DEFAULT_PROFILE]);
    expect(refused).toEqual([]);
    expect(await tandem.api('GET', `profiles/${CODER}`)).toMatchObject({
      status: 200,
      body: { name: CODER, fit: { verdict: 'fits' } },
    });
    expect(await tandem.api('GET', 'profiles/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
    const small = { gpus: [{ name: 'RTX 3060', totalMib: 12_288 }] };
    expect(
      await tandem.api('POST', 'profiles/check', { profile: { model: DEFAULT_MODEL_ID }, hardware: small }, userKey),
    ).toMatchObject({ status: 200, body: { verdict: 'no', described: true } });
    expect(await tandem.api('POST', 'profiles/check', { profile: 7 })).toMatchObject({ status: 400 });
  });

  it('only admins change the model, see the switches and read logs', async () => {
    const asked: [string, string, object?][] = [
      ['POST', 'models/switch', { profile: CODER }],
      ['GET', 'models/switches'],
      ['DELETE', 'models/switches/00000000-0000-4000-8000-000000000000'],
      ['GET', 'engines/vllm-0/logs'],
    ];
    for (const [method, path, body] of asked) expect((await tandem.api(method, path, body, userKey)).status).toBe(403);
  });

  it('events tell a switch from its begin to its end, each with the whole status', async () => {
    const events = follow('models/events', userKey);
    await eventually(() => events.of('status').length > 0);
    const id = await tandem.begin(CODER);
    await tandem.over(id);
    await eventually(() => {
      const last = events.of('status').at(-1) as { profile: string; switch: object | null } | undefined;
      return last?.profile === CODER && last.switch === null;
    });
    const seen = events.of('status') as { state: string; percent: number | null; switch: { id: string } | null }[];
    events.close();
    expect(seen[0]).toMatchObject({ state: 'ready', profile: DEFAULT_PROFILE });
    expect(seen.some((one) => one.switch?.id === id && one.state === 'switching' && one.percent !== null)).toBe(true);
  });

  it("an engine's log is read from its end, and followed line by line", async () => {
    const [engine] = await tandem.engines();
    const { body } = await tandem.api('GET', `engines/${engine?.id}/logs?lines=500`);
    const { lines } = body as { lines: string[] };
    // After it come the lines of the warm-up.
    expect(lines.some((line) => line.includes('Application startup complete.'))).toBe(true);
    const log = follow('engines/vllm-0/logs?follow=true&lines=1');
    await eventually(() => log.of('lines').length > 0);
    await tandem.over(await tandem.begin(BESIDE));
    await eventually(() => JSON.stringify(log.of('lines')).includes('Application startup complete.'));
    log.close();
    expect((await tandem.api('GET', 'engines/none/logs')).status).toBe(404);
    expect((await tandem.api('GET', 'engines/a.b/logs')).status).toBe(404);
  });
});

/** Named SSE events as they come. */
class Feed {
  private readonly abort = new AbortController();
  private readonly seen: { event: string; data: unknown }[] = [];

  constructor(url: string, key: string) {
    void this.read(url, key).catch(() => undefined);
  }

  of(event: string): unknown[] {
    return this.seen.filter((one) => one.event === event).map(({ data }) => data);
  }

  close(): void {
    this.abort.abort();
  }

  private async read(url: string, key: string): Promise<void> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal: this.abort.signal });
    for await (const item of readSse(response)) {
      if (item.kind !== 'event') continue;
      this.seen.push({ event: item.event.event ?? '', data: JSON.parse(item.event.data) });
    }
  }
}
