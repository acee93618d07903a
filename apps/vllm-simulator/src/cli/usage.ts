import { MAIN_USAGE, UsageError } from './parse-flags';
import {
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

const COMMANDS = /\{(.*)\}/.exec(MAIN_USAGE)?.[1] ?? '';

export const versionRequested = (argv: readonly string[]): boolean =>
  argv[0] === '-v' || argv[0] === '--version' || (argv[0] === 'serve' && argv.includes('--version'));

export const SUBCOMMANDS = {
  /** `vllm` without a command, or with one that it does not have. Only `serve` is simulated. */
  unknown(command: string | undefined): UsageError {
    if (command === undefined) return new UsageError(MAIN_USAGE, 'vllm', 'a command is required');
    const known = COMMANDS.split(',')
      .map((name) => `'${name}'`)
      .join(', ');
    const message = `argument subparser: invalid choice: '${command}' (choose from ${known})`;
    return new UsageError(MAIN_USAGE, 'vllm', message);
  },
};

function flagLine(name: string): string {
  if (SWITCHES.has(name)) return `  --${name}`;
  if (BOOLEANS.has(name)) return `  --${name}, --no-${name}`;
  const value = name.toUpperCase().replaceAll('-', '_');
  const choices = CHOICES.get(name);
  if (choices !== undefined) return `  --${name} {${choices.join(',')}}`;
  if (LISTS.has(name)) return `  --${name} ${value} [${value} ...]`;
  return OPTIONAL_VALUES.has(name) ? `  --${name} [${value}]` : `  --${name} ${value}`;
}

const ALL_FLAGS = [
  ...SWITCHES,
  ...BOOLEANS,
  ...INTEGERS,
  ...FLOATS,
  ...HUMAN_INTEGERS,
  ...TEXTS,
  ...JSON_VALUES,
  ...LISTS,
  ...OPTIONAL_VALUES,
  ...CHOICES.keys(),
].sort();

export const SERVE_HELP = [
  'usage: vllm serve [model_tag] [options]',
  '',
  'A simulated vLLM: the flags are accepted as vLLM accepts them, no model is loaded.',
  '',
  'options:',
  ...ALL_FLAGS.map(flagLine),
  '',
].join('\n');
