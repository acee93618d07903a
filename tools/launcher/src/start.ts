import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isSameProcessAlive } from '#common/servers/process-identity';
import { z } from 'zod';
import { withLock } from './lock';
import type { StartOptions } from './options';
import { prepareStart, type StartContext } from './prepare-start';
import { serverEnvironment } from './service-environment';
import { type Plan, SUPERVISOR } from './service-spec';
import { shutDown } from './shutdown';
import { readState, type SystemState } from './state';
import { plainReason, Trouble } from './trouble';
import { waitUntilReady } from './wait-until-ready';

const SUPERVISOR_START_MS = 10_000;

const credentialsSchema = z.object({ adminEmail: z.string(), adminPassword: z.string(), apiKey: z.string() });
export type Credentials = z.output<typeof credentialsSchema>;

export interface Started {
  readonly url: string;
  readonly home: string;
  readonly engine: SystemState['options']['engine'];
  readonly model: string | null;
  /** At the first start only. */
  readonly credentials: Credentials | null;
}

/** Starts what does not run and waits until everything is ready. @throws Trouble with the one reason why it cannot be */
export async function start(context: StartContext, wished: StartOptions): Promise<Started> {
  const { home, log } = context;
  const waiting = (pid: number): void => {
    log(`waiting for another ./start or ./stop (pid ${pid})`);
  };
  const wasRunning = await withLock(home.lockFile, waiting, () => launch(context, wished));
  let abandoning: Promise<unknown> | undefined;
  const abandon = async (): Promise<void> => {
    if (wasRunning) return;
    abandoning ??= withLock(home.lockFile, waiting, () => shutDown(home, log));
    await abandoning;
  };
  // Ctrl-C while it starts: what this start began is not left half done.
  const onSignal = (): void => {
    log('interrupted');
    void abandon().finally(() => process.exit(130));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const { state, model } = await waitUntilReady(home, wasRunning, log);
    const { port, engine } = state.options;
    return { url: `http://127.0.0.1:${port}`, home: home.dir, engine, model, credentials: takeCredentials(context) };
  } catch (error) {
    // Why it did not start is told, whatever its end says.
    await abandon().catch((trouble: unknown) => log(plainReason(trouble)));
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** @returns whether it ran already */
async function launch(context: StartContext, wished: StartOptions): Promise<boolean> {
  const { home } = context;
  const former = readState(home.stateFile);
  const isAlive = former?.supervisor != null && isSameProcessAlive(former.supervisor);
  if (former !== null) assertSameOptions(former, wished);
  if (former !== null && isAlive) return true;
  const tookOver = former?.services.some(({ process }) => process !== null && isSameProcessAlive(process)) ?? false;
  const plan = await prepareStart(context, wished, former);
  await startSupervisor(context, plan);
  return tookOver;
}

/** Options of a running system are not changed behind its users' backs. */
function assertSameOptions({ options, services }: SystemState, wished: StartOptions): void {
  if (!services.some(({ process }) => process !== null && isSameProcessAlive(process))) return;
  const differing = (
    [
      ['--port', options.port, wished.port === 0 ? null : wished.port],
      ['--engine', options.engine, wished.engine],
      ['--engine-url', options.engineUrl, wished.engineUrl],
    ] as const
  ).find(([, is, wish]) => wish !== null && wish !== is);
  if (differing === undefined) return;
  const [name, is] = differing;
  throw new Trouble(`Tandem already runs with ${name} ${is ?? '(none)'}; ./stop it first to change that`);
}

async function startSupervisor({ home, env }: StartContext, plan: Plan): Promise<void> {
  const log = openSync(join(home.logsDir, 'supervisor.log'), 'a', 0o600);
  const child = spawn(process.execPath, [join(__dirname, 'main.js'), 'supervise'], {
    cwd: home.dir,
    detached: true,
    stdio: ['pipe', log, log],
    env: serverEnvironment(SUPERVISOR, home.dir, env),
  });
  closeSync(log);
  child.stdin?.end(JSON.stringify(plan));
  const exited = once(child, 'exit').then(() => true);
  const deadline = performance.now() + SUPERVISOR_START_MS;
  while (readState(home.stateFile)?.supervisor?.pid !== child.pid) {
    const gone = await Promise.race([exited, new Promise<false>((resolve) => setTimeout(resolve, 20, false))]);
    if (gone || performance.now() > deadline) {
      throw new Trouble(`the supervisor did not start; see ${join(home.logsDir, 'supervisor.log')}`);
    }
  }
  child.unref();
}

/** What the gateway left at the very first start: shown once, then gone. */
function takeCredentials({ home }: StartContext): Credentials | null {
  if (!existsSync(home.firstStartFile)) return null;
  const credentials = credentialsSchema.parse(JSON.parse(readFileSync(home.firstStartFile, 'utf8')));
  rmSync(home.firstStartFile);
  return credentials;
}
