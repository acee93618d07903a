import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { leash, shellWord } from './leash';

const run = promisify(execFile);

/** libs/testing/src lies at the same depth in the sources and in dist. */
const ABOVE = join(__dirname, '..', '..', '..');
const ROOT = basename(ABOVE) === 'dist' ? join(ABOVE, '..') : ABOVE;
const LAUNCHER = join(ROOT, 'dist', 'tools', 'launcher', 'src', 'main.js');
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/** As `./status --json` tells of it. */
export interface TandemProcess {
  readonly name: string;
  readonly pid: number | null;
  readonly port: number | null;
  readonly health: string;
  readonly uptimeS: number | null;
}

/** A whole Tandem of a test: every process of a real start, in a home of its own. */
export interface TestTandem {
  readonly url: string;
  readonly apiKey: string;
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly home: string;
  /** By name (`api-gateway`, ..., `engine:<id>`). */
  processes(): Promise<Map<string, TandemProcess>>;
  /** `./stop`, and removes the home. */
  stop(): Promise<void>;
}

export interface TandemOptions {
  /** Added to the environment of the start: VLLM_SIM_*, DRAIN_TIMEOUT_MS, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the simulator. */
  readonly engine?: 'simulator' | { readonly externalUrl: string };
  /** Called with the empty home before the start; what it hands back is called before the home is removed. */
  readonly prepareHome?: (home: string) => () => void;
}

/** Starts the built system (dist) as `./start` does, on free ports. About five seconds. */
export async function startTandem({
  env = {},
  engine = 'simulator',
  prepareHome,
}: TandemOptions = {}): Promise<TestTandem> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-home-'));
  const undoPreparation = prepareHome?.(home);
  const environment = { ...process.env, NODE_OPTIONS: '', ...env, TANDEM_HOME: home };
  const launcher = (...args: string[]) => run(NODE, [LAUNCHER, ...args], { env: environment });
  const guard = leash(
    `TANDEM_HOME=${shellWord(home)} DRAIN_TIMEOUT_MS=0 ${shellWord(NODE)} ${shellWord(LAUNCHER)} stop; rm -rf ${shellWord(home)}`,
  );
  const stop = async (): Promise<void> => {
    await launcher('stop');
    await guard.release();
    undoPreparation?.();
    rmSync(home, { recursive: true, force: true });
  };
  const engineArgs = engine === 'simulator' ? ['--engine', 'simulator'] : ['--engine-url', engine.externalUrl];
  try {
    const { stdout } = await launcher('start', '--port', '0', ...engineArgs, '--json');
    const started = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Omit<TestTandem, 'stop' | 'processes'>;
    return { ...started, processes: () => readProcesses(environment), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readProcesses(env: NodeJS.ProcessEnv): Promise<Map<string, TandemProcess>> {
  // Exit 1 only says that something is degraded; the JSON says what.
  const stdout = await run(NODE, [LAUNCHER, 'status', '--json'], { env }).then(
    (result) => result.stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
  const { processes } = JSON.parse(stdout) as { processes: TandemProcess[] };
  return new Map(processes.map((process) => [process.name, process]));
}
