import {
  COMPUTE_CAPABILITY,
  CUDA_VERSION,
  DRIVER_VERSION,
  GPU_NAME,
  POWER_LIMIT_W,
  type Gpu,
  type GpuProcess,
} from './gpus';

/** A number with its unit, or a text. */
type Cell = string | { readonly value: string; readonly unit: string };

const mib = (value: number): Cell => ({ value: String(value), unit: 'MiB' });
const percent = (value: number): Cell => ({ value: String(value), unit: '%' });
const watts = (value: number): Cell => ({ value: value.toFixed(2), unit: 'W' });
const megahertz = (value: number): Cell => ({ value: String(value), unit: 'MHz' });

/** Fields of --query-gpu that the simulation knows. Every other is refused as nvidia-smi refuses a wrong name. */
const GPU_FIELDS: Readonly<Record<string, (gpu: Gpu, all: readonly Gpu[]) => Cell>> = {
  index: ({ index }) => String(index),
  name: () => GPU_NAME,
  gpu_name: () => GPU_NAME,
  count: (_, all) => String(all.length),
  uuid: ({ uuid }) => uuid,
  gpu_uuid: ({ uuid }) => uuid,
  'pci.bus_id': ({ busId }) => busId,
  driver_version: () => DRIVER_VERSION,
  compute_cap: () => COMPUTE_CAPABILITY,
  pstate: ({ utilizationPercent }) => (utilizationPercent > 50 ? 'P2' : 'P8'),
  timestamp: () => new Date().toISOString().slice(0, 23).replaceAll('-', '/').replace('T', ' '),
  'memory.total': ({ totalMib }) => mib(totalMib),
  'memory.used': ({ usedMib }) => mib(usedMib),
  'memory.free': ({ totalMib, usedMib }) => mib(totalMib - usedMib),
  'memory.reserved': () => mib(0),
  'utilization.gpu': ({ utilizationPercent }) => percent(utilizationPercent),
  'utilization.memory': ({ utilizationPercent }) => percent(Math.round(utilizationPercent * 0.6)),
  'temperature.gpu': ({ temperatureC }) => String(temperatureC),
  'temperature.memory': () => 'N/A',
  'fan.speed': ({ fanPercent }) => percent(fanPercent),
  'power.draw': ({ powerW }) => watts(powerW),
  'power.limit': () => watts(POWER_LIMIT_W),
  'clocks.sm': ({ utilizationPercent }) => megahertz(utilizationPercent > 50 ? 1785 : 210),
  'clocks.mem': ({ utilizationPercent }) => megahertz(utilizationPercent > 50 ? 9501 : 405),
  'clocks.current.sm': ({ utilizationPercent }) => megahertz(utilizationPercent > 50 ? 1785 : 210),
  'clocks.current.memory': ({ utilizationPercent }) => megahertz(utilizationPercent > 50 ? 9501 : 405),
  'pcie.link.gen.current': () => '4',
  'pcie.link.width.current': () => '16',
  display_active: ({ processes }) => (processes.some(({ type }) => type === 'G') ? 'Enabled' : 'Disabled'),
  persistence_mode: () => 'Disabled',
  'ecc.errors.uncorrected.volatile.total': () => '[N/A]',
  'mig.mode.current': () => '[N/A]',
  cuda_version: () => CUDA_VERSION,
};

const APP_FIELDS: Readonly<Record<string, (gpu: Gpu, app: GpuProcess) => Cell>> = {
  timestamp: () => new Date().toISOString().slice(0, 23).replaceAll('-', '/').replace('T', ' '),
  gpu_name: () => GPU_NAME,
  gpu_uuid: ({ uuid }) => uuid,
  gpu_bus_id: ({ busId }) => busId,
  pid: (_, { pid }) => String(pid),
  process_name: (_, { name }) => name,
  name: (_, { name }) => name,
  used_memory: (_, { usedMib }) => mib(usedMib),
  used_gpu_memory: (_, { usedMib }) => mib(usedMib),
};

export interface CsvFormat {
  readonly header: boolean;
  readonly units: boolean;
}

/** A field that does not exist. */
export class UnknownFieldError extends Error {}

function csv<Row>(
  names: readonly string[],
  fields: Readonly<Record<string, (...row: never[]) => Cell>>,
  rows: readonly Row[],
  read: (field: string, row: Row) => Cell,
  { header, units }: CsvFormat,
): string {
  const unknown = names.find((name) => !(name in fields));
  if (unknown !== undefined) throw new UnknownFieldError(`Field "${unknown}" is not a valid field to query.`);
  const text = (cell: Cell): string => {
    if (typeof cell === 'string') return cell;
    return units ? `${cell.value} ${cell.unit}` : cell.value;
  };
  const lines = rows.map((row) => names.map((name) => text(read(name, row))).join(', '));
  const [first] = rows;
  const heading = names.map((name) => {
    const cell = first === undefined ? '' : read(name, first);
    return typeof cell === 'string' ? name : `${name} [${cell.unit}]`;
  });
  return [...(header ? [heading.join(', ')] : []), ...lines].map((line) => `${line}\n`).join('');
}

export function queryGpus(gpus: readonly Gpu[], names: readonly string[], format: CsvFormat): string {
  return csv(names, GPU_FIELDS, gpus, (name, gpu) => GPU_FIELDS[name]?.(gpu, gpus) ?? '', format);
}

export function queryComputeApps(gpus: readonly Gpu[], names: readonly string[], format: CsvFormat): string {
  const rows = gpus.flatMap((gpu) =>
    gpu.processes.filter(({ type }) => type === 'C').map((app): [Gpu, GpuProcess] => [gpu, app]),
  );
  return csv(names, APP_FIELDS, rows, (name, [gpu, app]) => APP_FIELDS[name]?.(gpu, app) ?? '', format);
}
