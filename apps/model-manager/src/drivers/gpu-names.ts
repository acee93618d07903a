import type { NvidiaSmi } from '../hardware/nvidia-smi';

/**
 * The UUIDs of the cards that a profile names, by index or by UUID. An index may mean another card after a reboot or for
 * another program; a UUID always means the same one.
 */
export class GpuNames {
  private readonly uuids = new Map<number, string>();

  constructor(private readonly smi: Pick<NvidiaSmi, 'gpus'>) {}

  /** What nvidia-smi does not know, or cannot say now, stays as it was named. */
  async of(gpus: readonly (number | string)[]): Promise<string[]> {
    if (gpus.some((gpu) => typeof gpu === 'number' && !this.uuids.has(gpu))) await this.look();
    return gpus.map((gpu) => (typeof gpu === 'string' ? gpu : (this.uuids.get(gpu) ?? String(gpu))));
  }

  private async look(): Promise<void> {
    try {
      const seen = await this.smi.gpus(new AbortController().signal);
      for (const { index, uuid } of seen) if (uuid !== '') this.uuids.set(index, uuid);
    } catch {
      return; // the hardware monitor says why; CUDA counts by index too
    }
  }
}
