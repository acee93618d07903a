import { MemoryReadBack, type UsedMemory } from './memory-read-back';

/** Readings of two cards, one after the other; the last one stays. */
const readings = (...mib: [number, number][]) => {
  let at = 0;
  return (): Promise<UsedMemory> => {
    const [first, second] = mib[Math.min(at, mib.length - 1)]!;
    at += 1;
    return Promise.resolve(
      new Map([
        [0, first],
        [1, second],
      ]),
    );
  };
};

describe('the memory of an engine that has ended', () => {
  it('is waited for before the next start', async () => {
    const memory = new MemoryReadBack(readings([600, 20], [21_000, 20], [600, 20]), () => [0]);
    expect(await memory.missing()).toBeNull();
    expect(await memory.missing()).toBeNull();
  });

  it('is named when it does not come back', async () => {
    const memory = new MemoryReadBack(readings([600, 20], [600, 9_020]), () => null, 0);
    await memory.missing();
    expect(await memory.missing()).toBe('GPU 1 holds 9000 MiB more than before');
  });

  it('is looked for on its own cards only, and a growing desktop is not mistaken for it', async () => {
    const memory = new MemoryReadBack(readings([600, 20], [1_500, 9_020]), () => [0], 0);
    await memory.missing();
    expect(await memory.missing()).toBeNull();
  });

  it('is no question where no GPU can be seen', async () => {
    const memory = new MemoryReadBack(
      () => Promise.resolve(new Map()),
      () => null,
      0,
    );
    await memory.missing();
    expect(await memory.missing()).toBeNull();
  });
});
