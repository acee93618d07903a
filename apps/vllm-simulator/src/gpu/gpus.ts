import { readFootprints, type EngineFootprint } from './footprint';

/** One card of the simulated machine, as nvidia-smi sees it. */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  readonly busId: string;
  readonly totalMib: number;
  readonly usedMib: number;
  readonly utilizationPercent: number;
  readonly temperatureC: number;
  readonly powerW: number;
  readonly fanPercent: number;
  readonly processes: readonly GpuProcess[];
}

export interface GpuProcess {
  readonly pid: number;
  readonly name: string;
  readonly usedMib: number;
  /** G: graphics, C: compute. Only the latter are "compute apps". */
  readonly type: 'G' | 'C';
}

export const GPU_NAME = 'NVIDIA GeForce RTX 3090';
export const DRIVER_VERSION = '580.95.05';
export const CUDA_VERSION = '13.0';
export const COMPUTE_CAPABILITY = '8.6';
export const POWER_LIMIT_W = 350;
/** 24 GiB; CUDA itself reports 23.56 GiB of them. */
export const TOTAL_MIB = 24_576;
/** What the driver keeps on an idle card. */
const IDLE_MIB = 18;
/** The desktop sits on GPU 0 (see docs: two RTX 3090, Ubuntu with a desktop). */
const DESKTOP: readonly GpuProcess[] = [
  { pid: 1874, name: '/usr/lib/xorg/Xorg', usedMib: 312, type: 'G' },
  { pid: 2043, name: '/usr/bin/gnome-shell', usedMib: 156, type: 'G' },
];

/** Both cards, with what the simulators that run now hold on them. */
export function simulatedGpus(stateDir: string | null): readonly [Gpu, Gpu] {
  const engines = stateDir === null ? [] : readFootprints(stateDir);
  return [gpu(0, DESKTOP, engines), gpu(1, [], engines)];
}

export function gpuUuid(index: number): string {
  return `GPU-5151a7ed-0000-4000-8000-00000000000${index}`;
}

function gpu(index: number, desktop: readonly GpuProcess[], engines: readonly EngineFootprint[]): Gpu {
  const own = engines.filter(({ gpus }) => gpus.includes(index));
  const workers = own.map(({ pid, name, usedMib }): GpuProcess => ({ pid, name, usedMib, type: 'C' }));
  const processes = [...desktop, ...workers];
  const used = processes.reduce((sum, { usedMib }) => sum + usedMib, IDLE_MIB);
  const busy = own.some((engine) => engine.busy);
  return {
    index,
    uuid: gpuUuid(index),
    busId: `00000000:0${index + 1}:00.0`,
    totalMib: TOTAL_MIB,
    usedMib: Math.min(TOTAL_MIB, used),
    utilizationPercent: busy ? 97 : desktop.length > 0 ? 2 : 0,
    temperatureC: busy ? 68 : own.length > 0 ? 44 : 36,
    powerW: busy ? 318.42 : own.length > 0 ? 104.17 : 24.38,
    fanPercent: busy ? 62 : 30,
    processes,
  };
}
