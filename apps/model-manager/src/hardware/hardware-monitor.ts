import { gauge } from '#common/metrics';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { GpuState, Hardware } from '#contracts/hardware';
import { ownerOf, parseProcesses, parseTopology, throttleReasons } from './gpu-reading';
import { NvidiaSmi, type GpuDetails } from './nvidia-smi';
import { inSameContainer, processGroup } from './process-groups';

/** GPU figures every 10 s are what dashboards are asked for; nvidia-smi itself takes a good part of a second. */
const LOOK_EVERY_MS = 10_000;
/** The cards' connections do not change while a host runs; asked again this rarely for hosts whose driver came late. */
const TOPOLOGY_EVERY = 60;

/** Reads nvidia-smi in one loop. A host without a GPU has none, and everything else goes on. */
@Injectable()
export class HardwareMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  private seen: GpuState[] = [];
  private driver: string | null = null;
  private topology: string[][] = [];
  private unavailable: string | null = 'nvidia-smi was not asked yet';
  private readAt: number | null = null;
  private looks = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = new AbortController();
  private readonly smi: NvidiaSmi;
  private saidSo = false;
  private looking: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private readonly metrics = {
    used: gauge('tandem_gpu_memory_used_bytes', 'GPU memory in use', ['gpu']),
    total: gauge('tandem_gpu_memory_total_bytes', 'GPU memory in all', ['gpu']),
    utilisation: gauge('tandem_gpu_utilisation_percent', 'GPU utilisation', ['gpu']),
    temperature: gauge('tandem_gpu_temperature_celsius', 'GPU temperature', ['gpu']),
    power: gauge('tandem_gpu_power_watts', 'GPU power draw', ['gpu']),
  };

  /** @param ourPids leaders of the process groups of the engines that run here. */
  constructor(
    private readonly command: readonly string[],
    environment: Readonly<Record<string, string>>,
    private readonly ourPids: () => readonly number[],
    private readonly logger: Logger,
  ) {
    this.smi = new NvidiaSmi(command, environment);
  }

  get gpus(): GpuState[] {
    return this.seen;
  }

  hardware(): Hardware {
    const { driver, topology, unavailable, readAt } = this;
    return { gpus: this.seen, driver, topology, unavailable, readAt };
  }

  /** Memory in use now, by card; empty where nvidia-smi does not answer. Asked apart from the loop, whose picture is older. */
  async usedMib(): Promise<Map<number, number>> {
    try {
      const gpus = await this.smi.gpus(this.stop.signal);
      return new Map(gpus.map(({ index, usedMib }) => [index, usedMib]));
    } catch {
      return new Map(); // the loop says why
    }
  }

  onApplicationBootstrap(): void {
    const loop = async (): Promise<void> => {
      await this.refresh();
      if (!this.stop.signal.aborted) this.timer = setTimeout(() => void loop(), LOOK_EVERY_MS);
    };
    void loop();
  }

  onModuleDestroy(): void {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  /**
   * Looks now. Who asks while somebody looks gets the next picture: the one in the making may show what is over by now, such
   * as the memory of an engine that has just ended.
   */
  refresh(): Promise<void> {
    this.next ??= this.looking.then(() => {
      this.next = null;
      return (this.looking = this.look());
    });
    return this.next;
  }

  private async look(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      this.lost(error);
    }
    this.measure();
  }

  private async read(): Promise<void> {
    const { signal } = this.stop;
    const gpus = await this.smi.gpus(signal);
    const details = await this.smi.details(signal);
    const processes = parseProcesses(await this.smi.table(signal));
    if (this.looks % TOPOLOGY_EVERY === 0) this.topology = parseTopology(await this.smi.topology(signal));
    this.looks += 1;
    const pids = this.ourPids();
    const inContainers = inSameContainer(
      pids,
      processes.map(({ pid }) => pid),
    );
    const ours = new Set([...pids, ...inContainers]);
    this.seen = gpus.map((gpu): GpuState => {
      const more: GpuDetails | undefined = details.get(gpu.index);
      const reservedMib = more?.reservedMib ?? null;
      return {
        ...gpu,
        freeMib: Math.max(0, gpu.totalMib - gpu.usedMib - (reservedMib ?? 0)),
        reservedMib,
        powerLimit: more?.powerLimit ?? null,
        computeCapability: more?.computeCapability ?? null,
        throttleReasons: throttleReasons(more?.throttleMask),
        processes: processes
          .filter((process) => process.gpu === gpu.index)
          .map((process) => ({
            pid: process.pid,
            name: process.name,
            usedMib: process.usedMib,
            owner: ownerOf(process, ours, processGroup),
          })),
      };
    });
    this.driver = [...details.values()].find(({ driver }) => driver !== null)?.driver ?? null;
    this.unavailable = gpus.length === 0 ? 'nvidia-smi shows no GPU' : null;
    this.readAt = Date.now();
    if (gpus.length > 0) this.saidSo = false;
  }

  private lost(error: unknown): void {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    this.seen = [];
    this.unavailable = reason;
    if (this.saidSo || this.stop.signal.aborted) return;
    this.saidSo = true; // once: a host without a GPU would say it every ten seconds
    this.logger.warn({ msg: 'no GPU can be seen', reason, command: this.command.join(' ') });
  }

  private measure(): void {
    const MIB = 1024 * 1024;
    for (const metric of Object.values(this.metrics)) metric.reset();
    for (const gpu of this.seen) {
      const labels = { gpu: String(gpu.index) };
      this.metrics.used.set(labels, gpu.usedMib * MIB);
      this.metrics.total.set(labels, gpu.totalMib * MIB);
      if (gpu.utilisation !== null) this.metrics.utilisation.set(labels, gpu.utilisation);
      if (gpu.temperature !== null) this.metrics.temperature.set(labels, gpu.temperature);
      if (gpu.power !== null) this.metrics.power.set(labels, gpu.power);
    }
  }
}
