import type { GpuProcessOwner, GpuState, ThrottleReason } from '#contracts/hardware';

/** A process on a GPU, as nvidia-smi shows it. */
export interface SeenProcess {
  gpu: number;
  pid: number;
  /** G: graphics, C: compute, C+G: both. */
  type: string;
  name: string;
  usedMib: number;
}

export type GpuReading = GpuState;

/** What a desktop runs: it draws, and goes on drawing whatever we do. */
const DESKTOP =
  /(^|\/)(Xorg|Xwayland|gnome-|kwin|plasma|mutter|sddm|gdm|cinnamon|compiz|xfwm|firefox|chrome|chromium|code|electron|explorer|dwm)/i;

/** Whose a process is. `ours`: process ids and groups of the engines that run here. */
export function ownerOf(
  process: SeenProcess,
  ours: ReadonlySet<number>,
  groupOf: (pid: number) => number | null,
): GpuProcessOwner {
  if (ours.has(process.pid)) return 'ours';
  const group = groupOf(process.pid);
  if (group !== null && ours.has(group)) return 'ours';
  return process.type === 'G' || process.type === 'C+G' || DESKTOP.test(process.name) ? 'desktop' : 'foreign';
}

/** The rows of the process table that `nvidia-smi` prints without arguments: the only list that has graphics too. */
export function parseProcesses(table: string): SeenProcess[] {
  return table.split('\n').flatMap((line) => {
    const match = /^\|\s+(\d+)\s+(?:\S+\s+\S+\s+)?(\d+)\s+(C\+G|G|C)\s+(.*?)\s+(\d+)MiB\s*\|/.exec(line);
    if (match === null) return [];
    const [, gpu, pid, type = '', name = '', used] = match;
    return [{ gpu: Number(gpu), pid: Number(pid), type, name, usedMib: Number(used) }];
  });
}

const CONNECTION = /^(NV\d+|PIX|PXB|PHB|NODE|SYS|X)$/;

/** `nvidia-smi topo -m`: how each pair of GPUs is connected. Rows and columns are GPUs by index. */
export function parseTopology(matrix: string): string[][] {
  return matrix.split('\n').flatMap((line) => {
    const [name = '', ...cells] = line.split('\t').map((cell) => cell.trim());
    if (!/^GPU\d+$/.test(name)) return [];
    return [cells.filter((cell) => CONNECTION.test(cell))];
  });
}

/** Bits of `clocks_event_reasons.active` (NVML, nvmlClocksEventReasons). Idle and settings are no reason to worry. */
const REASONS: readonly (readonly [bigint, ThrottleReason])[] = [
  [0x4n, 'power cap'],
  [0x8n, 'hardware slowdown'],
  [0x20n, 'too hot'],
  [0x40n, 'too hot'],
  [0x80n, 'power brake'],
];

export function throttleReasons(mask: string | undefined): ThrottleReason[] {
  if (mask === undefined || !/^0x[0-9a-f]{1,16}$/i.test(mask)) return [];
  const bits = BigInt(mask);
  return [...new Set(REASONS.filter(([bit]) => (bits & bit) !== 0n).map(([, reason]) => reason))];
}
