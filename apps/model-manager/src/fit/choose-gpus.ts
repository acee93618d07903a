import type { EngineSettings } from '../profiles/profile';
import type { FitGpu, FitHardware } from './fit-model';

/** GPUs of one engine, or why it cannot have them. */
export type GpuChoice = { kind: 'chosen'; gpus: [FitGpu, ...FitGpu[]] } | { kind: 'missing'; reason: string };

/**
 * The GPUs that an engine gets: those that the profile names by index or UUID, else the first ones, as CUDA counts.
 */
export function chooseGpus(settings: EngineSettings, needed: number, hardware: FitHardware): GpuChoice {
  const have = hardware.gpus.length;
  if (have === 0) return { kind: 'missing', reason: 'No GPU can be seen on this host.' };
  const named = settings.gpus;
  const gpus: FitGpu[] = [];
  if (named === undefined) gpus.push(...hardware.gpus.slice(0, needed));
  else
    for (const name of named) {
      const gpu = hardware.gpus.find(({ index, uuid }) => (typeof name === 'number' ? index === name : uuid === name));
      if (gpu === undefined)
        return { kind: 'missing', reason: `The profile asks for GPU ${name}, and the host has ${listed(hardware)}.` };
      gpus.push(gpu);
    }
  const [first, ...rest] = gpus.slice(0, needed);
  if (first === undefined || gpus.length < needed)
    return {
      kind: 'missing',
      reason: `The engine needs ${needed} GPUs (tensor, pipeline and data parallel sizes multiplied), and ${
        named === undefined ? `the host has ${have}` : `the profile gives it ${gpus.length}`
      }.`,
    };
  return { kind: 'chosen', gpus: [first, ...rest] };
}

function listed({ gpus }: FitHardware): string {
  if (gpus.length === 1) return `only GPU ${gpus[0]?.index ?? 0}`;
  return `GPUs ${gpus.map(({ index }) => index).join(', ')}`;
}
