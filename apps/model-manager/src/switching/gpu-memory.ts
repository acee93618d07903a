import type { GpuState } from '#contracts/hardware';
import type { HardwareMonitor } from '../hardware/hardware-monitor';
import type { EngineSettings } from '../profiles/profile';

const LOOK_EVERY_MS = 250;
/** The driver takes a moment after the last process is gone; 10 s is long for it. */
const LIMIT_MS = 10_000;
/** What a desktop may take meanwhile without being mistaken for an engine. */
const SLACK_MIB = 1_024;

/** What each card holds besides our engines, in MiB by index: so much it should hold when they are gone. */
export type Baseline = ReadonlyMap<number, number>;

export function baselineOf(gpus: readonly GpuState[]): Baseline {
  return new Map(
    gpus.map(({ index, usedMib, processes }) => {
      const ours = processes.filter(({ owner }) => owner === 'ours').reduce((sum, { usedMib: held }) => sum + held, 0);
      return [index, Math.max(0, usedMib - ours)];
    }),
  );
}

/**
 * Whether these cards have the memory back that engines held before they ended; waits for it for some seconds. True where
 * no GPU can be seen: then there is nothing to read.
 */
export async function memoryIsFree(
  hardware: HardwareMonitor,
  gpus: readonly number[],
  before: Baseline,
): Promise<boolean> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const used = await hardware.usedMib();
    const held = gpus.filter((gpu) => (used.get(gpu) ?? 0) > (before.get(gpu) ?? Infinity) + SLACK_MIB);
    if (held.length === 0) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Indices of the cards that these engines may use; all where one names none. */
export function gpusOf(
  engines: readonly EngineSettings[],
  host: readonly { index: number; uuid: string | null }[],
): number[] {
  const indices = engines.flatMap(({ gpus }) =>
    gpus === undefined
      ? host.map(({ index }) => index)
      : gpus.flatMap((name) => host.find(({ index, uuid }) => index === name || uuid === name)?.index ?? []),
  );
  return [...new Set(indices)];
}
