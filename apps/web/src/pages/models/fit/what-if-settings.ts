import type { components } from '../../../api/schema';

type Suggestion = components['schemas']['FitSuggestionDto'];

/** The settings of an engine in a profile: vLLM's flags in camelCase. */
export type EngineSettings = Readonly<Record<string, unknown>>;

const NUMBERS = ['maxModelLen', 'gpuMemoryUtilization', 'tensorParallelSize', 'maxNumSeqs'] as const;
const TEXTS = ['model', 'kvCacheDtype'] as const;

/** What the form can change; empty means that the engine's own default holds. */
export const FIELDS = [...TEXTS, ...NUMBERS, 'gpus'] as const;
export type FieldName = (typeof FIELDS)[number];
export type Fields = Readonly<Record<FieldName, string>>;

/** Settings as one types them. */
export function fieldsOf(settings: EngineSettings): Fields {
  const text = (name: FieldName): string => {
    const value = settings[name];
    if (Array.isArray(value)) return value.join(', ');
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  return Object.fromEntries(FIELDS.map((name) => [name, text(name)])) as Fields;
}

/** The settings with what was typed in the place of what was there. What is no number is left for the check to refuse. */
export function withFields(settings: EngineSettings, typed: Fields): EngineSettings {
  const others = Object.entries(settings).filter(([name]) => !(FIELDS as readonly string[]).includes(name));
  const filled = FIELDS.map((name) => [name, typed[name].trim()] as const).filter(([, text]) => text !== '');
  return {
    ...Object.fromEntries(others),
    ...Object.fromEntries(filled.map(([name, text]) => [name, valueOf(name, text)])),
  };
}

function valueOf(name: FieldName, text: string): unknown {
  const number = (word: string): number | string => (Number.isNaN(Number(word)) ? word : Number(word));
  if (name === 'gpus') return text.split(/[\s,]+/).map(number);
  return (NUMBERS as readonly string[]).includes(name) ? number(text) : text;
}

/** The engines of a profile with a suggestion applied to the one that it is for. */
export function withSuggestion(engines: readonly EngineSettings[], suggestion: Suggestion): EngineSettings[] {
  return engines.map((engine, index) => {
    if (index !== suggestion.engine) return engine;
    const kept = Object.entries(engine).filter(([name]) => !suggestion.removes.includes(name));
    return { ...Object.fromEntries(kept), ...suggestion.settings };
  });
}

/** What is different, as lines for the profile's file: `gpuMemoryUtilization: 0.74`, and `# without gpus`. */
export function changedLines(before: EngineSettings, after: EngineSettings): string[] {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const set = Object.entries(after)
    .filter(([name, value]) => !same(value, before[name]))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const gone = Object.keys(before).filter((name) => after[name] === undefined);
  return [...set, ...gone.map((name) => `# without ${name}`)];
}
