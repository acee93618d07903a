import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_LOST_AFTER_MS } from '#contracts/presence';
import { Presence } from './presence';

describe('the living instances of a service', () => {
  let gone: string[];
  let presence: Presence;
  let now: number;

  beforeEach(() => {
    gone = [];
    presence = new Presence(undefined, (id, left) => void gone.push(`${id} ${left ? 'left' : 'silent'}`));
    now = performance.now();
  });

  /** Time passes, and the process looks once a beat. */
  function pass(ms: number): void {
    for (const end = now + ms; now < end;) {
      now += HEARTBEAT_INTERVAL_MS;
      presence.look(now);
    }
  }

  it('lose one that has been silent for longer than the limit, and only once', () => {
    presence.take({ instanceId: 'a', inFlight: 1 });
    pass(HEARTBEAT_LOST_AFTER_MS - HEARTBEAT_INTERVAL_MS);
    expect(presence.ids).toEqual(['a']);
    pass(4 * HEARTBEAT_INTERVAL_MS);
    expect([presence.ids, gone]).toEqual([[], ['a silent']]);
  });

  it('lose one that says farewell at once', () => {
    presence.take({ instanceId: 'a', inFlight: 0 });
    presence.take({ instanceId: 'a', inFlight: 0, leaving: true });
    expect([presence.ids, gone]).toEqual([[], ['a left']]);
  });

  it('keep one whose beats lie unread, because this process itself stood still', () => {
    presence.take({ instanceId: 'a', inFlight: 1 });
    pass(HEARTBEAT_INTERVAL_MS);
    now += 3 * HEARTBEAT_LOST_AFTER_MS;
    presence.look(now);
    expect(gone).toEqual([]);
    pass(2 * HEARTBEAT_LOST_AFTER_MS);
    expect(gone).toEqual(['a silent']);
  });

  it('are kept by whatever is heard of them, and their last beat is remembered', () => {
    presence.take({ instanceId: 'a', inFlight: 3 });
    presence.heard('a');
    presence.heard('b');
    expect([presence.ids, presence.beats]).toEqual([['a', 'b'], [{ instanceId: 'a', inFlight: 3 }]]);
  });
});
