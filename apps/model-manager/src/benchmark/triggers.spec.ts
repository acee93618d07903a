import { BenchmarkTriggers, type Candidate } from './triggers';

const ONE: Candidate = { profile: 'p', fingerprint: '1' };
const TWO: Candidate = { profile: 'p', fingerprint: '2' };
const due = () => true;
const notDue = () => false;

describe('a benchmark that runs by itself', () => {
  let triggers: BenchmarkTriggers;
  beforeEach(() => (triggers = new BenchmarkTriggers()));

  it('begins when engines with other parameters have been ready for a moment, once', () => {
    expect(triggers.look(0, ONE, 0, due)).toBe(false);
    expect(triggers.look(3_000, ONE, 0, due)).toBe(true);
    triggers.began(3_000, ONE);
    expect(triggers.look(1_000_000, ONE, 0, due)).toBe(false);
    triggers.look(1_000_001, TWO, 0, due);
    expect(triggers.look(1_003_001, TWO, 0, due)).toBe(true);
  });

  it('does not begin where nothing is new, nor while an engine loads', () => {
    triggers.look(0, ONE, 0, notDue);
    expect(triggers.look(9_000, ONE, 0, notDue)).toBe(false);
    expect(triggers.look(20_000, null, 0, due)).toBe(false);
  });

  it('is not run twice where a switch has asked for it already', () => {
    triggers.look(0, ONE, 0, due);
    triggers.began(1_000, ONE);
    expect(triggers.look(9_000, ONE, 0, due)).toBe(false);
  });

  it('waits while people use the engines', () => {
    triggers.look(0, ONE, 0, due);
    expect(triggers.look(3_000, ONE, 1, due)).toBe(false);
    expect(triggers.look(60_000, ONE, 2, due)).toBe(false);
    expect(triggers.look(61_000, ONE, 0, due)).toBe(true);
  });

  it('is tried again in the next quiet half minute after it made room for people, three times in all', () => {
    triggers.look(0, ONE, 0, due);
    expect(triggers.look(3_000, ONE, 0, due)).toBe(true);
    for (const from of [10_000, 200_000]) {
      triggers.began(from, ONE);
      triggers.gaveWay();
      triggers.look(from + 1_000, ONE, 1, due);
      expect(triggers.look(from + 2_000, ONE, 0, due)).toBe(false);
      expect(triggers.look(from + 31_999, ONE, 0, due)).toBe(false);
      expect(triggers.look(from + 32_000, ONE, 0, due)).toBe(true);
    }
    triggers.began(400_000, ONE);
    triggers.gaveWay();
    expect(triggers.look(1_000_000, ONE, 0, due)).toBe(false);
  });
});
