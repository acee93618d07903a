import { GpuNames } from './gpu-names';

const CARDS = [
  { index: 0, uuid: 'GPU-a' },
  { index: 1, uuid: 'GPU-b' },
];

function smi(answers: () => typeof CARDS): { smi: ConstructorParameters<typeof GpuNames>[0]; asked: () => number } {
  let asked = 0;
  const gpus = () => {
    asked += 1;
    return Promise.resolve().then(answers) as never;
  };
  return { smi: { gpus }, asked: () => asked };
}

describe('the cards of a profile', () => {
  it('are named by UUID, in the order of the profile', async () => {
    expect(await new GpuNames(smi(() => CARDS).smi).of([1, 0])).toEqual(['GPU-b', 'GPU-a']);
  });

  it('are asked for once: an index means the same card until the next boot', async () => {
    const { smi: command, asked } = smi(() => CARDS);
    const names = new GpuNames(command);
    await names.of([0]);
    await names.of([0, 1]);
    expect(asked()).toBe(1);
  });

  it('stay as they are named where they are UUIDs, unknown, or nvidia-smi is away', async () => {
    const { smi: command, asked } = smi(() => {
      throw new Error('nvidia-smi: not found');
    });
    const names = new GpuNames(command);
    expect(await names.of(['GPU-x'])).toEqual(['GPU-x']);
    expect(asked()).toBe(0);
    expect(await names.of([7])).toEqual(['7']);
  });
});
