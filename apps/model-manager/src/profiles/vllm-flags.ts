import type { EngineSettings, FlagValue } from './profile';

/** vLLM's arguments for an engine: `maxModelLen: 8192` is `--max-model-len 8192`, booleans are `--x` and `--no-x`. */
export function vllmArguments(settings: EngineSettings): string[] {
  const { model, gpus: _gpus, ...flags } = settings;
  return [model, ...Object.entries(flags).flatMap(([name, value]) => flag(kebab(name), value))];
}

/** Which cards the engine may see. `PCI_BUS_ID` makes CUDA count them as nvidia-smi does. */
export function gpuEnvironment(settings: EngineSettings): Record<string, string> {
  if (settings.gpus === undefined) return {};
  return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: settings.gpus.join(',') };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function flag(name: string, value: FlagValue | undefined): string[] {
  if (value === undefined) return [];
  if (value === true) return [`--${name}`];
  if (value === false) return [`--no-${name}`];
  if (Array.isArray(value)) return [`--${name}`, ...value.map(String)];
  if (typeof value === 'object') return [`--${name}`, JSON.stringify(value)];
  return [`--${name}`, String(value)];
}
