import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type Leash, leash, shellWord } from './leash';

/** How to run a server for a test. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** Removed when the test process dies. */
  readonly folder: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** The whole environment; without it, this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** What asks it to end; SIGTERM without. */
  readonly stopSignal?: NodeJS.Signals;
}

/** A real server of a test: started, killed, restarted and stopped at will, and gone when the test process is. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private guard: Leash | undefined;

  constructor(private readonly server: ServerCommand) {}

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.server.command} does not run`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts the process and polls `isReady` until it holds. */
  async start(isReady: () => Promise<boolean>): Promise<void> {
    const { command, args, logFile, folder, uid, gid, cwd, env } = this.server;
    const log = openSync(logFile, 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    });
    closeSync(log);
    await once(child, 'spawn');
    child.unref();
    this.child = child;
    this.guard = leash(`kill -9 ${this.pid}; rm -rf ${shellWord(folder)}`);
    const deadline = performance.now() + 90_000;
    while (!(await isReady())) {
      if (!this.running || performance.now() > deadline) {
        const log = readFileSync(logFile, 'utf8').slice(-2_000);
        await this.kill();
        throw new Error(`${command} did not become ready:\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  /** kill -9, and waits until it is gone. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Asks it to end; after 10 s it is killed. */
  stop(): Promise<void> {
    return this.end(this.server.stopSignal ?? 'SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child !== undefined && this.running) {
      const exited = once(child, 'exit');
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    }
    await this.guard?.release();
    this.guard = undefined;
  }
}
