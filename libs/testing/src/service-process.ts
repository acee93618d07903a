import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { freePort } from './ports';
import { ServerProcess } from './server-process';

/** The services as they are built (the test command builds them first), seen from the sources or from dist. */
const ROOT = join(__dirname, '../../..');
const BUILT = basename(ROOT) === 'dist' ? ROOT : join(ROOT, 'dist');
/** As the launcher has it: a service starts with a fifth less CPU time. */
const COMPILE_CACHE = join(BUILT, '../.cache/compile');

/** A real service of Tandem in a process of its own. */
export interface TestService {
  /** Of its private port; the same after a restart. */
  readonly url: string;
  readonly pid: number;
  /** What it has logged so far, over all its starts. */
  log(): string;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  /** Starts it again after `kill` or `stop`, and waits until it is ready. */
  start(): Promise<void>;
  /** Stops it where it still runs, and removes its log. */
  end(): Promise<void>;
}

export interface ServiceOptions {
  readonly nodeOptions?: readonly string[];
  /** The folder `dist` of another version; without one, this checkout's. */
  readonly build?: string;
}

/** Starts a built service on a free port and waits until /health/ready says yes. It ends with the test process. */
export async function startServiceProcess(
  name: string,
  env: Readonly<Record<string, string>>,
  { nodeOptions = [], build = BUILT }: ServiceOptions = {},
): Promise<TestService> {
  const program = join(build, 'apps', name, 'src/main.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const folder = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
  const logFile = join(folder, 'service.log');
  const port = await freePort();
  const server = new ServerProcess({
    command: process.execPath,
    args: [...nodeOptions, program],
    logFile,
    folder,
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, PORT: String(port) },
  });
  const url = `http://127.0.0.1:${port}`;
  const start = (): Promise<void> => server.start(() => isReady(url));
  try {
    await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url,
    get pid() {
      return server.pid;
    },
    log: () => readFileSync(logFile, 'utf8'),
    kill: () => server.kill(),
    stop: () => server.stop(),
    start,
    end: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then(
    (response) => response.ok,
    () => false,
  );
}
