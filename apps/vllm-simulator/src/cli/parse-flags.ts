import {
  ALIASES,
  BOOLEANS,
  CHOICES,
  FLOATS,
  HUMAN_INTEGERS,
  INTEGERS,
  JSON_VALUES,
  LISTS,
  OPTIONAL_VALUES,
  SWITCHES,
  TEXTS,
} from './flag-table';

export type FlagValue = string | number | boolean | readonly string[];

export interface ParsedFlags {
  readonly model: string | null;
  /** By name without dashes, in the order in which they were given. */
  readonly flags: ReadonlyMap<string, FlagValue>;
}

/** The command line is wrong: `vllm serve` prints a usage line and this, and exits with 2. */
export class UsageError extends Error {
  constructor(
    readonly usage: string,
    readonly program: string,
    message: string,
  ) {
    super(message);
  }
}

const SERVE_USAGE = 'usage: vllm serve [model_tag] [options]';
export const MAIN_USAGE = [
  'usage: vllm [-h] [-v]',
  '            {chat,complete,serve,launch,bench,collect-env,download-kernels,preload,run-batch,snapshot}',
  '            ...',
].join('\n');

const serveError = (message: string): UsageError => new UsageError(SERVE_USAGE, 'vllm serve', message);

interface Given {
  readonly name: string;
  readonly spelled: string;
  readonly inline: string | null;
}

function splitFlag(argument: string): Given {
  const equals = argument.indexOf('=');
  const spelled = equals < 0 ? argument : argument.slice(0, equals);
  const inline = equals < 0 ? null : argument.slice(equals + 1);
  const dashed = spelled.startsWith('--') ? `--${spelled.slice(2).replaceAll('_', '-')}` : spelled;
  return { name: (ALIASES.get(dashed) ?? dashed).replace(/^--/, ''), spelled: dashed, inline };
}

/** How argparse names an argument in its errors: all its spellings. */
function spellings(name: string): string {
  const others = [...ALIASES].filter(([, target]) => target === `--${name}`).map(([alias]) => alias);
  const negative = BOOLEANS.has(name) ? [`--no-${name}`] : [];
  return [`--${name}`, ...negative, ...others].join('/');
}

/** 1k is 1,000 and 1K is 1,024 (vllm/utils/argparse_utils.py, human_readable_int). */
function humanInteger(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kKmMgGtT])?$/.exec(text.trim());
  if (match === null) return null;
  const [, digits = '', suffix] = match;
  if (suffix === undefined) return digits.includes('.') ? null : Number(digits);
  const power = 'kmgt'.indexOf(suffix.toLowerCase()) + 1;
  if (suffix === suffix.toLowerCase()) return Math.trunc(Number(digits) * 1000 ** power);
  return digits.includes('.') ? null : Number(digits) * 1024 ** power;
}

function convert(name: string, text: string): FlagValue {
  const invalid = (type: string): UsageError =>
    serveError(`argument ${spellings(name)}: invalid ${type} value: '${text}'`);
  if (INTEGERS.has(name)) {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalid('int');
    return Number(text);
  }
  if (FLOATS.has(name)) {
    if (text.trim() === '' || Number.isNaN(Number(text))) throw invalid('float');
    return Number(text);
  }
  if (HUMAN_INTEGERS.has(name)) {
    if (name === 'max-model-len' && (text === '-1' || text.toLowerCase() === 'auto')) return -1;
    const value = humanInteger(text);
    if (value === null) throw invalid(name === 'max-model-len' ? 'human_readable_int_or_auto' : 'human_readable_int');
    return value;
  }
  const choices = CHOICES.get(name);
  if (choices !== undefined && !choices.includes(text)) {
    const listed = choices.map((choice) => `'${choice}'`).join(', ');
    throw serveError(`argument ${spellings(name)}: invalid choice: '${text}' (choose from ${listed})`);
  }
  if (JSON_VALUES.has(name) && name.startsWith('allowed-')) {
    try {
      JSON.parse(text);
    } catch {
      throw invalid('loads');
    }
  }
  return text;
}

const takesOneValue = (name: string): boolean =>
  INTEGERS.has(name) ||
  FLOATS.has(name) ||
  HUMAN_INTEGERS.has(name) ||
  TEXTS.has(name) ||
  JSON_VALUES.has(name) ||
  CHOICES.has(name);

/** A value may be a negative number; anything else that begins with a dash is the next flag. */
const isValue = (argument: string | undefined): argument is string =>
  argument !== undefined && (!argument.startsWith('-') || /^-\d/.test(argument) || argument === '-');

/**
 * The arguments after `vllm serve`. Accepts what vLLM's parser accepts: `--flag value`, `--flag=value`, underscores
 * for dashes, `--x` and `--no-x`, the short spellings.
 */
export function parseFlags(args: readonly string[]): ParsedFlags {
  const flags = new Map<string, FlagValue>();
  const unknown: string[] = [];
  let model: string | null = null;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? '';
    if (!argument.startsWith('-')) {
      if (model === null) model = argument;
      else unknown.push(argument);
      continue;
    }
    const { name, spelled, inline } = splitFlag(argument);
    const positive = name.startsWith('no-') ? name.slice(3) : null;
    if (SWITCHES.has(name) || BOOLEANS.has(name)) {
      if (inline !== null) throw serveError(`argument ${spellings(name)}: ignored explicit argument '${inline}'`);
      flags.set(name, true);
    } else if (positive !== null && BOOLEANS.has(positive)) {
      flags.set(positive, false);
    } else if (LISTS.has(name)) {
      const values = inline === null ? [] : [inline];
      while (inline === null && isValue(args[i + 1])) values.push(args[++i] ?? '');
      if (values.length === 0) throw serveError(`argument ${spellings(name)}: expected at least one argument`);
      flags.set(name, values);
    } else if (takesOneValue(name) || OPTIONAL_VALUES.has(name)) {
      const next = args[i + 1];
      const value = inline ?? (isValue(next) ? next : null);
      if (value !== null && inline === null) i++;
      if (value === null && !OPTIONAL_VALUES.has(name)) {
        throw serveError(`argument ${spellings(name)}: expected one argument`);
      }
      flags.set(name, value === null ? '' : convert(name, value));
    } else {
      unknown.push(inline === null ? spelled : `${spelled}=${inline}`);
    }
  }
  if (unknown.length > 0) {
    throw new UsageError(MAIN_USAGE, 'vllm', `unrecognized arguments: ${unknown.join(' ')}`);
  }
  return { model, flags };
}
