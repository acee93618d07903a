import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFootprint } from './footprint';
import { nvidiaSmi } from './smi-command';

const stateDir = mkdtempSync(join(tmpdir(), 'simulated-gpus-'));
afterAll(() => {
  rmSync(stateDir, { recursive: true });
});

const query = (fields: string, format = 'csv,noheader,nounits'): string[] =>
  nvidiaSmi([`--query-gpu=${fields}`, `--format=${format}`], stateDir)
    .output.trimEnd()
    .split('\n');

describe('the simulated nvidia-smi', () => {
  it('has two RTX 3090, the desktop on the first', () => {
    expect(query('index,name,memory.total,memory.used')).toEqual([
      '0, NVIDIA GeForce RTX 3090, 24576, 486',
      '1, NVIDIA GeForce RTX 3090, 24576, 18',
    ]);
  });

  it('writes header and units unless told not to', () => {
    expect(query('index,memory.total', 'csv')).toEqual(['index, memory.total [MiB]', '0, 24576 MiB', '1, 24576 MiB']);
  });

  it('shows what a living engine holds, and nothing of a dead one', () => {
    const engine = { name: 'VLLM::Worker', gpus: [1], usedMib: 20_000, busy: true };
    writeFootprint(stateDir, { ...engine, pid: process.pid });
    writeFootprint(stateDir, { ...engine, pid: 2 ** 22 });
    expect(query('memory.used,memory.free')).toEqual(['486, 24090', '20018, 4558']);
    const apps = nvidiaSmi(['--query-compute-apps=pid,used_memory', '--format=csv,noheader'], stateDir);
    expect(apps.output).toBe(`${process.pid}, 20000 MiB\n`);
    expect(nvidiaSmi([], stateDir).output).toContain('20018MiB / 24576MiB');
  });

  it('lists one card when it is asked for one', () => {
    expect(nvidiaSmi(['-L', '-i', '1'], null).output).toMatch(
      /^GPU 1: NVIDIA GeForce RTX 3090 \(UUID: GPU-[\w-]+\)\n$/,
    );
  });

  it('refuses a field that does not exist', () => {
    expect(nvidiaSmi(['--query-gpu=colour', '--format=csv'], null)).toEqual({
      output: 'Field "colour" is not a valid field to query.\n',
      exitCode: 2,
    });
  });
});
