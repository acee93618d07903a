/** The host's GPUs: request/reply with model-manager. */

export const HardwareSubjects = {
  get: 'models.v1.hardware',
} as const;

/** Our engines', the desktop's, or somebody else's. */
export type GpuProcessOwner = 'ours' | 'desktop' | 'foreign';

/** Why a card runs slower than it could. */
export type ThrottleReason = 'power cap' | 'hardware slowdown' | 'too hot' | 'power brake';

export interface GpuProcess {
  pid: number;
  name: string;
  usedMib: number;
  owner: GpuProcessOwner;
}

/** One GPU as nvidia-smi sees it now. What a card does not tell is null. */
export interface GpuState {
  index: number;
  uuid: string;
  name: string;
  totalMib: number;
  usedMib: number;
  freeMib: number;
  /** What the driver keeps for itself. */
  reservedMib: number | null;
  /** Percent. */
  utilisation: number | null;
  /** Degrees Celsius. */
  temperature: number | null;
  /** Watts. */
  power: number | null;
  powerLimit: number | null;
  computeCapability: number | null;
  throttleReasons: ThrottleReason[];
  processes: GpuProcess[];
}

export interface Hardware {
  gpus: GpuState[];
  driver: string | null;
  /** How each pair of GPUs is connected, in nvidia-smi's words (NV4, PIX, PHB, SYS); rows and columns by index. */
  topology: string[][];
  /** Null when GPUs can be seen; else why not. Everything but engines on a GPU works all the same. */
  unavailable: string | null;
  /** Epoch milliseconds of the last reading; null before the first. */
  readAt: number | null;
}
