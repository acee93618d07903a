import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { leash } from './leash';
import { freePort } from './ports';

/** The program as it is built (the test command builds it first), seen from the sources or from dist. */
const ROOT = join(__dirname, '../../..');
const DIST = basename(ROOT) === 'dist' ? ROOT : join(ROOT, 'dist');
const PROGRAM = join(DIST, 'apps/vllm-simulator/src/main.js');
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5_000;

export interface SimulatorOptions {
  /** Flags of `vllm serve`; the model is "sim" unless `model` says otherwise. */
  readonly args?: readonly string[];
  readonly model?: string;
  /** VLLM_SIM_* variables. The load time is 0 and the speed 200 tokens a second unless given. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningSimulator {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it has printed so far, both streams. */
  output(): string;
  /** SIGTERM, and SIGKILL if that does not help. Resolves with the exit code, null after a signal. */
  stop(): Promise<number | null>;
  /** Resolves when the process has ended by itself. */
  readonly exited: Promise<number | null>;
  /** Sums of /metrics by name, over all labels: `vllm:generation_tokens_total`; with labels when given by `series`. */
  metrics(): Promise<Record<string, number>>;
}

/** Every sample of a /metrics text: by its full series name, and summed by its bare name. */
export function parseMetrics(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const series = line.slice(0, space);
    const name = series.split('{')[0] ?? series;
    const value = Number(line.slice(space + 1));
    values[name] = (values[name] ?? 0) + value;
    if (series !== name) values[series] = value;
  }
  return values;
}

/** Starts a simulated vLLM on a free port and waits until it answers /health. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run "npm run build" first`);
  const port = await freePort();
  const args = [
    'serve',
    options.model ?? 'sim',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'], VLLM_SIM_LOAD_SECONDS: '0', VLLM_SIM_TOKENS_PER_SECOND: '200', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const guard = leash(`kill -9 ${child.pid ?? 0} 2>/dev/null`);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const code = await exited;
    clearTimeout(timer);
    await guard.release();
    return code;
  };
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const healthy = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) break;
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`The simulator did not start (exit code ${child.exitCode}):\n${output.slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url,
    port,
    pid: child.pid ?? 0,
    output: () => output,
    stop,
    exited,
    metrics: async () => parseMetrics(await (await fetch(`${url}/metrics`)).text()),
  };
}
