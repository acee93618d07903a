import { NvidiaSmi, parseGpus } from './nvidia-smi';

describe('nvidia-smi', () => {
  it('is read line by line, and what a card does not tell is null', () => {
    const csv =
      '0, GPU-1a, NVIDIA GeForce RTX 3090, 24576, 312, 3, 41, 28.51\n1, GPU-2b, NVIDIA GeForce RTX 3090, 24576, 5, [N/A], 38, [Not Supported]\n';
    expect(parseGpus(csv)).toEqual([
      {
        index: 0,
        uuid: 'GPU-1a',
        name: 'NVIDIA GeForce RTX 3090',
        totalMib: 24576,
        usedMib: 312,
        utilisation: 3,
        temperature: 41,
        power: 28.51,
      },
      {
        index: 1,
        uuid: 'GPU-2b',
        name: 'NVIDIA GeForce RTX 3090',
        totalMib: 24576,
        usedMib: 5,
        utilisation: null,
        temperature: 38,
        power: null,
      },
    ]);
  });

  it('takes its complaints for no GPU', () => {
    expect(parseGpus('No devices were found\n')).toEqual([]);
  });

  it('fails when it is not there', async () => {
    await expect(new NvidiaSmi(['/no/such/nvidia-smi'], {}).gpus(new AbortController().signal)).rejects.toThrow(
      /ENOENT/,
    );
  });
});
