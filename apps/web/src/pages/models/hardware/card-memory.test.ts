import { describe, expect, it } from 'vitest';
import type { Gpu } from '../queries';
import { cardMemory } from './card-memory';

const process = (owner: string, usedMib: number) => ({ pid: 1, name: 'x', owner, usedMib });

describe("a card's memory", () => {
  it('is told by who holds it, and what no process explains is the driver', () => {
    const gpu = {
      totalMib: 24_576,
      freeMib: 2_000,
      processes: [process('ours', 20_000), process('desktop', 300), process('desktop', 200), process('foreign', 1_000)],
    } as Gpu;
    expect(cardMemory(gpu).map(({ owner, mib }) => [owner, mib])).toEqual([
      ['ours', 20_000],
      ['desktop', 500],
      ['foreign', 1_000],
      ['driver', 1_076],
      ['free', 2_000],
    ]);
  });
});
