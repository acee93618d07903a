import { gauge } from '#common/metrics';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { readGpus, type Gpu } from './nvidia-smi';

/** GPU figures every 10 s are what dashboards are asked for; nvidia-smi itself takes a good part of a second. */
const LOOK_EVERY_MS = 10_000;

/** Reads nvidia-smi in one loop. A host without a GPU has none, and everything else goes on. */
@Injectable()
export class HardwareMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  private seen: Gpu[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = new AbortController();
  private saidSo = false;
  private readonly metrics = {
    used: gauge('tandem_gpu_memory_used_bytes', 'GPU memory in use', ['gpu']),
    total: gauge('tandem_gpu_memory_total_bytes', 'GPU memory in all', ['gpu']),
    utilisation: gauge('tandem_gpu_utilisation_percent', 'GPU utilisation', ['gpu']),
    temperature: gauge('tandem_gpu_temperature_celsius', 'GPU temperature', ['gpu']),
    power: gauge('tandem_gpu_power_watts', 'GPU power draw', ['gpu']),
  };

  constructor(
    private readonly command: readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
    private readonly logger: Logger,
  ) {}

  get gpus(): Gpu[] {
    return this.seen;
  }

  onApplicationBootstrap(): void {
    const loop = async (): Promise<void> => {
      await this.look();
      if (!this.stop.signal.aborted) this.timer = setTimeout(() => void loop(), LOOK_EVERY_MS);
    };
    void loop();
  }

  onModuleDestroy(): void {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    try {
      this.seen = await readGpus(this.command, this.environment, this.stop.signal);
    } catch (error) {
      this.seen = [];
      if (this.saidSo || this.stop.signal.aborted) return;
      this.saidSo = true; // once: a host without a GPU would say it every ten seconds
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      this.logger.warn({ msg: 'no GPU can be seen', reason, command: this.command.join(' ') });
    }
    this.measure();
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
