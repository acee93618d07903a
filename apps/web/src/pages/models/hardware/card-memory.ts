import type { Gpu } from '../queries';

export const OWNERS = ['ours', 'desktop', 'foreign', 'driver', 'free'] as const;
export type MemoryOwner = (typeof OWNERS)[number];

/** Who holds a card's memory now, in MiB. What nobody's process explains is the driver's. */
export function cardMemory({ totalMib, freeMib, processes }: Gpu): { owner: MemoryOwner; mib: number }[] {
  const held = (owner: string): number =>
    processes.filter((process) => process.owner === owner).reduce((sum, { usedMib }) => sum + usedMib, 0);
  const [ours, desktop, foreign] = [held('ours'), held('desktop'), held('foreign')];
  const driver = Math.max(0, totalMib - freeMib - ours - desktop - foreign);
  return [
    { owner: 'ours', mib: ours },
    { owner: 'desktop', mib: desktop },
    { owner: 'foreign', mib: foreign },
    { owner: 'driver', mib: driver },
    { owner: 'free', mib: freeMib },
  ];
}
