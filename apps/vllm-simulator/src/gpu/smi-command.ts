import { queryComputeApps, queryGpus, UnknownFieldError, type CsvFormat } from './query';
import { simulatedGpus } from './gpus';
import { list, table, TOPOLOGY } from './table';

export interface SmiResult {
  readonly output: string;
  readonly exitCode: number;
}

/** nvidia-smi's exit code for an argument or a field that it does not know. */
const INVALID_ARGUMENT = 2;

const ok = (output: string): SmiResult => ({ output, exitCode: 0 });
const invalid = (output: string): SmiResult => ({ output: `${output}\n`, exitCode: INVALID_ARGUMENT });

interface Arguments {
  readonly gpuFields: readonly string[] | null;
  readonly appFields: readonly string[] | null;
  readonly format: CsvFormat | null;
  readonly indices: readonly string[] | null;
  readonly listed: boolean;
}

/** Values may stand after "=" or as the next argument. Null: an argument that is not known. */
function read(argv: readonly string[]): Arguments | string {
  const values = new Map<string, string>();
  let listed = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const [name = '', inline] = argument.split('=', 2);
    if (name === '-L' || name === '--list-gpus') {
      listed = true;
      continue;
    }
    const known = {
      '-i': 'id',
      '--id': 'id',
      '--query-gpu': 'gpu',
      '--query-compute-apps': 'apps',
      '--format': 'format',
    };
    const key = name in known ? known[name as keyof typeof known] : undefined;
    const value = inline ?? (key === undefined ? undefined : argv[++i]);
    if (key === undefined || value === undefined) return argument;
    values.set(key, value);
  }
  const words = (key: string): string[] | null =>
    values
      .get(key)
      ?.split(',')
      .map((word) => word.trim()) ?? null;
  const options = words('format');
  const format = options?.includes('csv') === true ? options : null;
  return {
    gpuFields: words('gpu'),
    appFields: words('apps'),
    format: format === null ? null : { header: !format.includes('noheader'), units: !format.includes('nounits') },
    indices: words('id'),
    listed,
  };
}

/** One call of the simulated nvidia-smi. `stateDir` is where running simulators say what they hold. */
export function nvidiaSmi(argv: readonly string[], stateDir: string | null): SmiResult {
  if (argv[0] === 'topo') return ok(TOPOLOGY);
  const given = read(argv);
  if (typeof given === 'string')
    return invalid(`Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.`);
  const all = simulatedGpus(stateDir);
  const { indices } = given;
  const gpus = all.filter(
    ({ index, uuid }) => indices === null || indices.includes(String(index)) || indices.includes(uuid),
  );
  if (gpus.length === 0) return { output: 'No devices were found\n', exitCode: 6 };
  if (given.listed) return ok(list(gpus));
  const { gpuFields, appFields, format } = given;
  if (gpuFields === null && appFields === null) return ok(table(gpus));
  if (format === null) return invalid('"--format=" switch is missing. Please run \'nvidia-smi -h\' for help.');
  try {
    return ok(
      gpuFields === null ? queryComputeApps(gpus, appFields ?? [], format) : queryGpus(gpus, gpuFields, format),
    );
  } catch (error) {
    if (error instanceof UnknownFieldError) return invalid(error.message);
    throw error;
  }
}
