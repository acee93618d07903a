import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, ENDLESS, ledger, startChat, startChats } from './load';

describe.each<[string, string, readonly string[]]>([
  ['crashes', 'crash-after:400', ['upstream_truncated', 'engine_error']],
  ['hangs with a healthy /health', 'hang-after:400', ['upstream_truncated', 'engine_error', 'engine_unavailable']],
])('an engine that %s while it streams', (_what, fault, codes) => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({
      env: { VLLM_SIM_TOKENS_PER_SECOND: '50', VLLM_SIM_FAULT: fault, ENGINE_HANG_TIMEOUT_MS: '2000' },
    });
  });
  afterAll(() => system.stop());

  it('is told to every client by an error event, is restarted, and serves again', async () => {
    const { pid } = await system.engine();
    const running = startChats(10, system.url, system.apiKey, { tokens: ENDLESS });
    const waiting = startChat(system.url, system.apiKey, { tokens: ENDLESS, stream: false });
    await allBegun(running);
    for (const chat of running) {
      const ended = await chat.ended;
      expect(ended).toMatchObject({ status: 200, complete: false, broken: false });
      expect(codes).toContain(ended.error);
    }
    expect([502, 503]).toContain((await waiting.ended).status);
    await eventually(async () => (await startChat(system.url, system.apiKey, { tokens: 10 }).ended).complete, {
      timeoutMs: 60_000,
      everyMs: 250,
    });
    expect((await system.engine()).pid).not.toBe(pid);
    await eventually(async () => {
      const rows = await ledger(system);
      const outcomes = await Promise.all(
        running.map(async (chat) => rows.get((await chat.ended).requestId ?? '')?.outcome),
      );
      return outcomes.every((outcome) => outcome === 'upstream_truncated' || outcome === 'error');
    });
  });
});
