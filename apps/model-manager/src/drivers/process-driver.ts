import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { freePort, isPortFree } from '#common/servers/free-port';
import { endProcessGroup, isGroupAlive, isPortOfStranger } from '#common/servers/process-group';
import { isSameProcessAlive, processStartTime } from '#common/servers/process-identity';
import { LaunchError, type EngineDriver, type ExitListener, type RunningEngine } from './engine-driver';
import { EngineRecordFile, type EngineRecord } from './engine-record';
import { LogTail } from './log-tail';

export interface EngineLaunch {
  id: string;
  profile: string;
  /** The program and its first arguments; `serve` and `args` follow. */
  command: readonly string[];
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** UUIDs of the cards that it may see; null: all of them. Asked for at each start. */
  gpus: (() => Promise<readonly string[]>) | null;
  /** What beside the command line makes this engine another one. */
  identity: Readonly<Record<string, unknown>>;
  port: number | undefined;
  stateDirectory: string;
}

/** How often an adopted engine, which is nobody's child here, is looked at. */
const LOOK_EVERY_MS = 200;

/**
 * Starts vLLM (or the simulator) as a process group of its own, with its output in a file and its facts in a record, so
 * that it survives us and is found again. Decides nothing.
 */
export class ProcessDriver implements EngineDriver {
  private readonly recordFile: EngineRecordFile;
  private readonly fingerprint: string;
  private readonly logFile: string;

  constructor(private readonly launch: EngineLaunch) {
    mkdirSync(launch.stateDirectory, { recursive: true, mode: 0o700 });
    this.recordFile = new EngineRecordFile(launch.stateDirectory, launch.id);
    this.logFile = join(launch.stateDirectory, `${launch.id}.log`);
    this.fingerprint = createHash('sha256')
      .update(JSON.stringify([launch.command, launch.args, launch.identity, launch.port ?? null]))
      .digest('hex');
  }

  async find(): Promise<RunningEngine | null> {
    const record = this.recordFile.read();
    if (record === null) return null;
    if (isSameProcessAlive(record) && record.fingerprint === this.fingerprint) return this.process(record, null);
    if (isGroupAlive(record)) await endProcessGroup(record, 0);
    this.recordFile.remove();
    return null;
  }

  async start(): Promise<RunningEngine> {
    const { id, profile, command, args, environment } = this.launch;
    const port = await this.choosePort();
    const [program = '', ...first] = command;
    const words = [...first, 'serve', ...args, '--host', '127.0.0.1', '--port', String(port)];
    const child = this.spawnDetached(program, words, { ...environment, ...(await this.visibleGpus()) });
    child.unref();
    const pid = child.pid;
    if (pid === undefined) throw new LaunchError('command_not_found', await spawnError(child, program));
    const record: EngineRecord = {
      id,
      pid,
      pgid: pid,
      // A process that has already ended has none; its exit is told all the same.
      startTime: processStartTime(pid) ?? 'ended',
      port,
      command: [program, ...words],
      profile,
      startedAt: Date.now(),
      fingerprint: this.fingerprint,
      readyAt: null,
    };
    await this.keep(record);
    return this.process(record, child);
  }

  /** `PCI_BUS_ID` makes CUDA count cards as nvidia-smi does, should one be named by its index after all. */
  private async visibleGpus(): Promise<Record<string, string>> {
    const { gpus } = this.launch;
    if (gpus === null) return {};
    return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: (await gpus()).join(',') };
  }

  /** At once, before anything else is awaited: a model-manager that is killed now must not lose its engine. */
  private async keep(record: EngineRecord): Promise<void> {
    try {
      this.recordFile.write(record);
    } catch (error) {
      // An engine that nobody can find again would hold its GPUs for ever.
      await endProcessGroup(record, 0);
      throw new LaunchError('out_of_disk', `The record of the engine could not be written (${String(error)})`);
    }
  }

  /** On a port that somebody else has, his answers would be taken for the engine's. */
  private async choosePort(): Promise<number> {
    const { port } = this.launch;
    if (port === undefined) return freePort();
    if (!(await isPortFree(port))) throw new LaunchError('port_in_use', `Port ${port} (ENGINE_PORT) is taken`);
    return port;
  }

  private spawnDetached(program: string, words: string[], environment: Readonly<Record<string, string>>): ChildProcess {
    if (existsSync(this.logFile)) renameSync(this.logFile, `${this.logFile}.1`);
    const log = openSync(this.logFile, 'a', 0o600);
    try {
      return spawn(program, words, { detached: true, stdio: ['ignore', log, log], env: environment });
    } finally {
      closeSync(log);
    }
  }

  private process(record: EngineRecord, child: ChildProcess | null): RunningEngine {
    return {
      handle: `${record.pid}@${record.startTime}`,
      url: `http://127.0.0.1:${record.port}`,
      startedAt: record.startedAt,
      wasReady: record.readyAt !== null,
      description: record.command.join(' '),
      pid: record.pid,
      port: record.port,
      isAddressTaken: () => isPortOfStranger(record.port, record.pgid),
      onExit: (listener) => {
        if (child === null) watchStranger(record, listener);
        else if (child.exitCode !== null || child.signalCode !== null) listener(child.exitCode, child.signalCode);
        else child.once('exit', listener);
      },
      markReady: (at) => this.recordFile.write({ ...record, readyAt: at }),
      stop: async (politeMs) => {
        await endProcessGroup(record, politeMs);
        this.recordFile.remove();
      },
      tail: (onLine, from) => new LogTail(this.logFile, onLine, from),
    };
  }
}

function watchStranger(record: EngineRecord, listener: ExitListener): void {
  const timer = setInterval(() => {
    if (isSameProcessAlive(record)) return;
    clearInterval(timer);
    listener(null, null);
  }, LOOK_EVERY_MS);
  timer.unref();
}

async function spawnError(child: ChildProcess, program: string): Promise<string> {
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
  if (error.code === 'ENOENT') return `The command ${program} was not found`;
  return `The command ${program} could not be run (${error.code ?? error.message})`;
}

/** Ends the engines in this folder that nobody knows of: what a model-manager before us left of another profile. */
export async function endStrays(stateDirectory: string, known: readonly string[]): Promise<void> {
  if (!existsSync(stateDirectory)) return;
  const ids = readdirSync(stateDirectory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'))
    .filter((id) => !known.includes(id));
  await Promise.all(
    ids.map(async (id) => {
      const file = new EngineRecordFile(stateDirectory, id);
      const record = file.read();
      if (record !== null && isGroupAlive(record)) await endProcessGroup(record, 0);
      file.remove();
    }),
  );
}
