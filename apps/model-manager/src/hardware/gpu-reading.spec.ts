import { ownerOf, parseProcesses, parseTopology, throttleReasons } from './gpu-reading';

/** As driver 580 prints it. */
const TABLE = `
| Processes:                                                                              |
|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |
|=========================================================================================|
|    0   N/A  N/A            1874      G   /usr/lib/xorg/Xorg                      312MiB |
|    0   N/A  N/A            9001      C   VLLM::Worker_TP0                      21310MiB |
|    1   N/A  N/A            9002      C   python3 train.py --epochs 3            4096MiB |
|    1   N/A  N/A            4411    C+G   /usr/share/code/code                    120MiB |
+-----------------------------------------------------------------------------------------+
`;

describe("nvidia-smi's process table", () => {
  const processes = parseProcesses(TABLE);

  it('is read with graphics processes, which no query lists', () => {
    expect(processes.map(({ gpu, pid, type, usedMib }) => [gpu, pid, type, usedMib])).toEqual([
      [0, 1874, 'G', 312],
      [0, 9001, 'C', 21_310],
      [1, 9002, 'C', 4096],
      [1, 4411, 'C+G', 120],
    ]);
    expect(processes[2]?.name).toBe('python3 train.py --epochs 3');
    expect(parseProcesses('|  No running processes found  |')).toEqual([]);
  });

  it('tells our engines, by their process group, from the desktop and from strangers', () => {
    const groups = new Map([[9001, 9000]]);
    const owners = processes.map((process) => ownerOf(process, new Set([9000]), (pid) => groups.get(pid) ?? null));
    expect(owners).toEqual(['desktop', 'ours', 'foreign', 'desktop']);
  });
});

describe("nvidia-smi's topology", () => {
  it('is how each pair of GPUs is connected', () => {
    const matrix =
      '\tGPU0\tGPU1\tCPU Affinity\tNUMA Affinity\nGPU0\t X \tNV4\t0-15\t0\nGPU1\tNV4\t X \t0-15\t0\n\nLegend:\n\n  X    = Self\n';
    expect(parseTopology(matrix)).toEqual([
      ['X', 'NV4'],
      ['NV4', 'X'],
    ]);
  });
});

describe('throttle reasons', () => {
  it('name heat and power, not idleness', () => {
    expect(throttleReasons('0x0000000000000001')).toEqual([]);
    expect(throttleReasons('0x0000000000000004')).toEqual(['power cap']);
    expect(throttleReasons('0x0000000000000060')).toEqual(['too hot']);
    expect(throttleReasons('[N/A]')).toEqual([]);
    expect(throttleReasons(undefined)).toEqual([]);
  });
});
