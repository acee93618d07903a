import type { FitGpu } from '../fit/fit-model';
import type { GpuReading } from './gpu-reading';

/**
 * The cards as a profile would find them after a switch: what our own engines hold is free then, what the desktop and
 * others hold is not.
 */
export function hostGpus(readings: readonly GpuReading[]): FitGpu[] {
  return readings.map(({ index, uuid, name, totalMib, usedMib, reservedMib, computeCapability, processes }) => {
    const ours = processes.filter(({ owner }) => owner === 'ours').reduce((sum, { usedMib: held }) => sum + held, 0);
    const others = Math.max(0, usedMib - ours);
    return {
      index,
      uuid,
      name,
      totalMib,
      freeMib: Math.max(0, totalMib - (reservedMib ?? 0) - others),
      computeCapability,
    };
  });
}
