import type { UsageBatch, UsageEvent } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import { UsageJournal } from './usage-journal';

const event = (requestId: string): UsageEvent => ({ kind: 'started', requestId }) as UsageEvent;

/** A stream of the ledger that answers when it is told to. */
class Ledger {
  readonly batches: { ids: string[]; messageId: string; keep: () => void; refuse: () => void }[] = [];

  readonly publish = (batch: UsageBatch, messageId: string): Promise<void> =>
    new Promise((resolve, reject) => {
      this.batches.push({
        ids: batch.events.map((e) => e.requestId),
        messageId,
        keep: resolve,
        refuse: () => reject(new Error('disk full')),
      });
    });
}

function setUp(): { ledger: Ledger; journal: UsageJournal; trouble: unknown[] } {
  const ledger = new Ledger();
  const trouble: unknown[] = [];
  return { ledger, trouble, journal: new UsageJournal('chat-1', ledger.publish, (error) => trouble.push(error)) };
}

describe('the usage journal', () => {
  it('tells a request that it is kept only when the ledger says so', async () => {
    const { ledger, journal } = setUp();
    let kept = false;
    journal.add(event('a'), () => (kept = true));
    await eventually(() => {
      expect(ledger.batches).toHaveLength(1);
      return true;
    });
    expect(kept).toBe(false);
    ledger.batches[0]!.keep();
    await eventually(() => {
      expect(kept).toBe(true);
      return true;
    });
  });

  it('puts the events of one turn, and what came while two messages were on their way, into one message', async () => {
    const { ledger, journal } = setUp();
    journal.add(event('a'), () => undefined);
    journal.add(event('b'), () => undefined);
    await eventually(() => {
      expect(ledger.batches.map((b) => b.ids)).toEqual([['a', 'b']]);
      return true;
    });
    journal.add(event('c'), () => undefined);
    await eventually(() => {
      expect(ledger.batches).toHaveLength(2);
      return true;
    });
    for (const id of ['d', 'e', 'f']) journal.add(event(id), () => undefined);
    ledger.batches[0]!.keep();
    await eventually(() => {
      expect(ledger.batches.map((b) => b.ids)).toEqual([['a', 'b'], ['c'], ['d', 'e', 'f']]);
      return true;
    });
  });

  it('lets an end ride along with the next start', async () => {
    const { ledger, journal } = setUp();
    journal.add(event('end of a'));
    journal.add(event('b'), () => undefined);
    await eventually(() => {
      expect(ledger.batches.map((b) => b.ids)).toEqual([['end of a', 'b']]);
      return true;
    });
  });

  it('sends an end by itself when no start comes', async () => {
    const { ledger, journal } = setUp();
    journal.add(event('end of a'));
    await eventually(() => {
      expect(ledger.batches.map((b) => b.ids)).toEqual([['end of a']]);
      return true;
    });
  });

  it('repeats a message that was not taken under the same id, so that it cannot count twice', async () => {
    const { ledger, journal, trouble } = setUp();
    let kept = 0;
    journal.add(event('a'), () => (kept += 1));
    await eventually(() => {
      expect(ledger.batches).toHaveLength(1);
      return true;
    });
    ledger.batches[0]!.refuse();
    await eventually(() => {
      expect(ledger.batches).toHaveLength(2);
      return true;
    });
    expect(ledger.batches[1]).toMatchObject({ ids: ['a'], messageId: ledger.batches[0]!.messageId });
    expect(trouble).toHaveLength(1);
    ledger.batches[1]!.keep();
    await eventually(() => {
      expect(kept).toBe(1);
      return true;
    });
  });

  it('is idle when everything is on disk, so that a stopping service loses nothing', async () => {
    const { ledger, journal } = setUp();
    journal.add(event('a'), () => undefined);
    let idle = false;
    const done = journal.idle().then(() => (idle = true));
    await eventually(() => {
      expect(ledger.batches).toHaveLength(1);
      return true;
    });
    expect(idle).toBe(false);
    ledger.batches[0]!.keep();
    await done;
    expect(journal.backlog).toBe(0);
  });

  it('does not hold up a stopping service for ever when the ledger takes nothing', async () => {
    const { journal } = setUp();
    journal.add(event('a'), () => undefined);
    await expect(journal.idle(20)).resolves.toBeUndefined();
  });
});
