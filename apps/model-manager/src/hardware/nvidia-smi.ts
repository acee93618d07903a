import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Gpu {
  index: number;
  uuid: string;
  name: string;
  totalMib: number;
  usedMib: number;
  /** Percent; null where the card does not tell. */
  utilisation: number | null;
  /** Degrees Celsius. */
  temperature: number | null;
  /** Watts. */
  power: number | null;
}

/** What not every driver can tell: asked for apart, so that the rest does not fail with it. */
export interface GpuDetails {
  computeCapability: number | null;
  reservedMib: number | null;
  powerLimit: number | null;
  driver: string | null;
  throttleMask: string | undefined;
}

const FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
];
const DETAILS = ['index', 'compute_cap', 'memory.reserved', 'power.limit', 'driver_version'];
/** The newer name since driver 535; older drivers know `clocks_throttle_reasons.active`. */
const THROTTLE = ['clocks_event_reasons.active', 'clocks_throttle_reasons.active'];
/** A card that fell off the bus makes nvidia-smi hang. */
const TIMEOUT_MS = 10_000;

const execute = promisify(execFile);

/** How nvidia-smi is called on this host. */
export class NvidiaSmi {
  constructor(
    private readonly command: readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** @throws Error when nvidia-smi is not there, fails, or does not answer in time. */
  async gpus(signal: AbortSignal): Promise<Gpu[]> {
    return parseGpus(await this.query(FIELDS, signal));
  }

  /** By index; empty where the driver does not know these fields. */
  async details(signal: AbortSignal): Promise<Map<number, GpuDetails>> {
    const rows = await this.optional(DETAILS, signal);
    const masks = await this.throttleMasks(signal);
    return new Map(
      rows.map(([index, capability, reserved, limit, driver]) => [
        Number(index),
        {
          computeCapability: figure(capability),
          reservedMib: figure(reserved),
          powerLimit: figure(limit),
          driver: driver ?? null,
          throttleMask: masks.get(Number(index)),
        },
      ]),
    );
  }

  /** The table that it prints without arguments; empty when it fails. */
  table(signal: AbortSignal): Promise<string> {
    return this.run([], signal).catch(() => '');
  }

  /** How the GPUs are connected; empty when it fails. */
  topology(signal: AbortSignal): Promise<string> {
    return this.run(['topo', '-m'], signal).catch(() => '');
  }

  private async throttleMasks(signal: AbortSignal): Promise<Map<number, string>> {
    for (const field of THROTTLE) {
      const rows = await this.optional(['index', field], signal);
      if (rows.length > 0) return new Map(rows.map(([index, mask]) => [Number(index), mask ?? '']));
    }
    return new Map();
  }

  private async optional(fields: readonly string[], signal: AbortSignal): Promise<string[][]> {
    const csv = await this.query(fields, signal).catch(() => '');
    return csv
      .split('\n')
      .map((line) => line.split(',').map((cell) => cell.trim()))
      .filter((cells) => cells.length === fields.length);
  }

  private query(fields: readonly string[], signal: AbortSignal): Promise<string> {
    return this.run([`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'], signal);
  }

  private async run(words: readonly string[], signal: AbortSignal): Promise<string> {
    const [program = 'nvidia-smi', ...first] = this.command;
    const { stdout } = await execute(program, [...first, ...words], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      signal,
      env: this.environment,
    });
    return stdout;
  }
}

/** One line a GPU; what a card does not know is `[N/A]` or `[Not Supported]`. */
export function parseGpus(csv: string): Gpu[] {
  return csv.split('\n').flatMap((line) => {
    const cells = line.split(',').map((cell) => cell.trim());
    const [index, uuid, name, total, used, utilisation, temperature, power] = cells;
    if (uuid === undefined || name === undefined || cells.length < FIELDS.length) return [];
    return [
      {
        index: Number(index),
        uuid,
        name,
        totalMib: figure(total) ?? 0,
        usedMib: figure(used) ?? 0,
        utilisation: figure(utilisation),
        temperature: figure(temperature),
        power: figure(power),
      },
    ];
  });
}

function figure(cell: string | undefined): number | null {
  if (cell === undefined || cell === '') return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
