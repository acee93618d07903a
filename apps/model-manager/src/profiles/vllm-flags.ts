import type { EngineSettings, FlagValue } from './profile';

/** vLLM's arguments for an engine: `maxModelLen: 8192` is `--max-model-len 8192`, booleans are `--x` and `--no-x`. */
export function vllmArguments(settings: EngineSettings): string[] {
  const { model, gpus: _gpus, ...flags } = settings;
  return [model, ...Object.entries(flags).flatMap(([name, value]) => flag(kebab(name), value))];
}

/**
 * vLLM's own default below 70 GiB of GPU memory (docs of 0.32.0). On larger cards it is more; a profile for those names
 * `maxNumSeqs`, else as many as here are used.
 */
const DEFAULT_MAX_NUM_SEQS = 256;

/** How many sequences the engine runs at once. The simulator's variable goes before its flag, as it does there. */
export function maxNumSeqs(settings: EngineSettings, environment: Readonly<Record<string, string>>): number {
  const simulated = Number(environment['VLLM_SIM_MAX_NUM_SEQS'] ?? 0);
  if (simulated > 0) return simulated;
  const given = Number(settings['maxNumSeqs']);
  return Number.isInteger(given) && given > 0 ? given : DEFAULT_MAX_NUM_SEQS;
}

/** The name that the engine will answer to: vLLM takes the first of several. */
export function servedName(settings: EngineSettings): string {
  const { servedModelName } = settings;
  const name = Array.isArray(servedModelName) ? servedModelName[0] : servedModelName;
  return typeof name === 'string' && name !== '' ? name : settings.model;
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
