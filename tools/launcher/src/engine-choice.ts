import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { RunningOptions } from './state';

const run = promisify(execFile);

export interface EngineChoice {
  readonly engine: RunningOptions['engine'];
  /** Why, for the user; empty when it was asked for. */
  readonly because: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** vLLM where it is installed and a GPU answers; else the simulator, and why. */
export async function chooseEngine(env: Env): Promise<EngineChoice> {
  const vllm = env['VLLM_COMMAND'] ?? 'vllm';
  const smi = env['NVIDIA_SMI_COMMAND'] ?? 'nvidia-smi';
  if (!isInstalled(vllm, env)) return { engine: 'simulator', because: `${vllm} is not on PATH` };
  if (!(await answers(smi, env))) return { engine: 'simulator', because: `no GPU answers (${smi} -L)` };
  return { engine: 'process', because: `${vllm} is installed and a GPU answers` };
}

/** White space separates, quotes hold a word together. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function isInstalled(command: string, env: Env): boolean {
  const program = wordsOf(command)[0] ?? '';
  const places = program.includes('/')
    ? [program]
    : (env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, program));
  return places.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function answers(smi: string, env: Env): Promise<boolean> {
  const [program = '', ...args] = wordsOf(smi);
  try {
    const { stdout } = await run(program, [...args, '-L'], { timeout: 10_000, env });
    return /^GPU \d+:/m.test(stdout);
  } catch {
    return false; // not installed, or the driver does not run
  }
}
