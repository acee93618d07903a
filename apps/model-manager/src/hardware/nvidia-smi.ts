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
/** A card that fell off the bus makes nvidia-smi hang. */
const TIMEOUT_MS = 10_000;

const run = promisify(execFile);

/** @throws Error when nvidia-smi is not there, fails, or does not answer in time. */
export async function readGpus(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Gpu[]> {
  const [program = 'nvidia-smi', ...first] = command;
  const words = [...first, `--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
  const { stdout } = await run(program, words, {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    signal,
    env: environment,
  });
  return parseGpus(stdout);
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
