import type { EngineSettings } from '../profiles/profile';
import type { FitGpu, FitHardware } from './fit-model';
import { say, type Said } from './say';

/** GPUs of one engine, or why it cannot have them. */
export type GpuChoice = { kind: 'chosen'; gpus: [FitGpu, ...FitGpu[]] } | { kind: 'missing'; reason: Said };

/**
 * The GPUs that an engine gets: those that the profile names by index or UUID, else the first ones, as CUDA counts.
 */
export function chooseGpus(settings: EngineSettings, needed: number, hardware: FitHardware): GpuChoice {
  const have = hardware.gpus.length;
  if (have === 0) return { kind: 'missing', reason: say('no_gpu') };
  const named = settings.gpus;
  const gpus: FitGpu[] = [];
  if (named === undefined) gpus.push(...hardware.gpus.slice(0, needed));
  else
    for (const name of named) {
      const gpu = hardware.gpus.find(({ index, uuid }) => (typeof name === 'number' ? index === name : uuid === name));
      if (gpu === undefined) return { kind: 'missing', reason: notAmong(name, hardware) };
      gpus.push(gpu);
    }
  const [first, ...rest] = gpus.slice(0, needed);
  if (first === undefined || gpus.length < needed)
    return {
      kind: 'missing',
      reason:
        named === undefined
          ? say('too_few_gpus', { needed, have })
          : say('too_few_gpus_given', { needed, have: gpus.length }),
    };
  return { kind: 'chosen', gpus: [first, ...rest] };
}

function notAmong(gpu: number | string, hardware: FitHardware): Said {
  const gpus = hardware.gpus.map(({ index }) => index).join(', ');
  return say(hardware.gpus.length === 1 ? 'gpu_missing_beside_one' : 'gpu_missing', { gpu, gpus });
}
