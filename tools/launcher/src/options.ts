import { parseArgs } from 'node:util';
import { Trouble } from './trouble';

const ENGINES = ['simulator', 'process', 'docker', 'kubernetes', 'external'] as const;

export type Command = 'start' | 'stop' | 'status';

export interface StartOptions {
  /** Null: 8080. */
  readonly port: number | null;
  /** Null: whatever this machine can run. */
  readonly engine: (typeof ENGINES)[number] | null;
  readonly engineUrl: string | null;
}

export type Invocation =
  | { readonly command: 'help'; readonly of: Command }
  | { readonly command: 'start'; readonly json: boolean; readonly options: StartOptions }
  | { readonly command: 'stop' | 'status'; readonly json: boolean };

export const HELP: Readonly<Record<Command, string>> = {
  start: `./start [--port N] [--engine simulator|process|docker|kubernetes|external] [--engine-url URL] [--json]

Installs what is missing, starts Tandem and waits until it is ready. Does nothing when it runs already.

  --port N           port of the API (default 8080; 0 picks a free one)
  --engine DRIVER    process: vLLM on this machine; docker, kubernetes: vLLM in containers (docs/drivers.md);
                     simulator: answers without a GPU, marked as simulated; external: a running vLLM. Default: process when vLLM is installed and a
                     GPU answers, else simulator
  --engine-url URL   where the external engine listens, for example http://10.0.0.5:8000
  --json             the last line of the output is one JSON object

State lies in TANDEM_HOME (default .tandem). Variables are read from the environment and from .env; see .env.sample.
Exit: 0 ready, 1 with the reason.`,
  stop: `./stop [--json]

Stops Tandem: running answers are finished (60 s at most, DRAIN_TIMEOUT_MS), then nothing is left running.
Exit: 0, also when nothing ran; 1 with the reason.`,
  status: `./status [--json]

Shows every process with its health, the engines and the GPUs.
Exit: 0 healthy, 1 degraded, 3 stopped.`,
};

/** Understands a command line. @throws Trouble */
export function parseInvocation(words: readonly string[]): Invocation {
  const [command, ...args] = words;
  if (command !== 'start' && command !== 'stop' && command !== 'status')
    throw new Trouble(`unknown command ${command ?? ''}`);
  const values = parse(command, args);
  if (values.help === true) return { command: 'help', of: command };
  const json = values.json === true;
  if (command !== 'start') return { command, json };
  const engine = engineOf(values.engine);
  const engineUrl = engineUrlOf(values['engine-url']);
  if (engine === 'external' && engineUrl === null) {
    throw new Trouble('--engine external needs --engine-url (for example --engine-url http://10.0.0.5:8000)');
  }
  if (engineUrl !== null && engine !== null && engine !== 'external') {
    throw new Trouble(`--engine-url belongs to --engine external, not ${engine}`);
  }
  return {
    command,
    json,
    options: { port: portOf(values.port), engine: engineUrl === null ? engine : 'external', engineUrl },
  };
}

function parse(command: Command, args: string[]) {
  const always = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const start = { port: { type: 'string' }, engine: { type: 'string' }, 'engine-url': { type: 'string' } } as const;
  try {
    type Values = { json?: boolean; help?: boolean; port?: string; engine?: string; 'engine-url'?: string };
    return parseArgs({ args, options: command === 'start' ? { ...always, ...start } : always }).values as Values;
  } catch (error) {
    throw new Trouble(
      `${error instanceof Error ? error.message.split('. To specify')[0] : String(error)} (see --help)`,
    );
  }
}

function portOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Trouble(`--port ${text}: must be a number from 0 to 65535`);
  return Number(text);
}

function engineOf(text: string | undefined): StartOptions['engine'] {
  if (text === undefined) return null;
  const engine = ENGINES.find((known) => known === text);
  if (engine === undefined) throw new Trouble(`--engine ${text}: must be one of ${ENGINES.join(', ')}`);
  return engine;
}

function engineUrlOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Trouble(`--engine-url ${text}: must be a URL such as http://10.0.0.5:8000`);
  }
  return text;
}
