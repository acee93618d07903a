import { CUDA_VERSION, DRIVER_VERSION, GPU_NAME, POWER_LIMIT_W, type Gpu } from './gpus';

const RULE = '+-----------------------------------------+------------------------+----------------------+';
const WIDE = '+-----------------------------------------------------------------------------------------+';

const row = (text: string): string => `| ${text.padEnd(87)} |`;

function card(gpu: Gpu): string[] {
  const display = gpu.processes.some(({ type }) => type === 'G') ? 'On' : 'Off';
  const state = gpu.utilizationPercent > 50 ? 'P2' : 'P8';
  const power = `${Math.round(gpu.powerW)}W / ${POWER_LIMIT_W}W`;
  const memory = `${gpu.usedMib}MiB / ${gpu.totalMib}MiB`;
  return [
    `| ${String(gpu.index).padStart(3)}  ${GPU_NAME.padEnd(25)} Off     |   ${gpu.busId} ${display.padStart(3)} |                  N/A |`,
    `| ${String(gpu.fanPercent).padStart(3)}%   ${String(gpu.temperatureC).padStart(2)}C    ${state}   ${power.padStart(20)}  | ${memory.padStart(22)} | ${`${gpu.utilizationPercent}%`.padStart(8)}      Default |`,
    `|                                         |                        |                  N/A |`,
    RULE,
  ];
}

/** What `nvidia-smi` prints without arguments. */
export function table(gpus: readonly Gpu[]): string {
  const processes = gpus.flatMap((gpu) =>
    gpu.processes.map(({ pid, name, usedMib, type }) => {
      const left = `  ${gpu.index}   N/A  N/A  ${String(pid).padStart(12)}      ${type}   ${name}`;
      return row(`${left.padEnd(76)}${`${usedMib}MiB`.padStart(11)}`);
    }),
  );
  const versions = `NVIDIA-SMI ${DRIVER_VERSION}   Driver Version: ${DRIVER_VERSION}   CUDA Version: ${CUDA_VERSION}  (simulated)`;
  const lines = [
    new Date().toUTCString(),
    WIDE,
    row(versions),
    RULE,
    '| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |',
    '| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |',
    '|                                         |                        |               MIG M. |',
    '|=========================================+========================+======================|',
    ...gpus.flatMap(card),
    '',
    WIDE,
    row('Processes:'),
    row(' GPU   GI   CI              PID   Type   Process name                        GPU Memory'),
    '|=========================================================================================|',
    ...(processes.length > 0 ? processes : [row(' No running processes found')]),
    WIDE,
  ];
  return `${lines.join('\n')}\n`;
}

/** `nvidia-smi -L`. */
export const list = (gpus: readonly Gpu[]): string =>
  gpus.map(({ index, uuid }) => `GPU ${index}: ${GPU_NAME} (UUID: ${uuid})\n`).join('');

/** `nvidia-smi topo -m`: two cards on PCIe without a bridge between them. */
export const TOPOLOGY = [
  '\tGPU0\tGPU1\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID',
  'GPU0\t X \tPHB\t0-15\t0\t\tN/A',
  'GPU1\tPHB\t X \t0-15\t0\t\tN/A',
  '',
  'Legend:',
  '',
  '  X    = Self',
  '  PHB  = Connection traversing PCIe as well as a PCIe Host Bridge (typically the CPU)',
  '',
].join('\n');
