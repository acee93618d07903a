import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { isSameProcessAlive, type ProcessIdentity, processStartTime } from '#common/servers/process-identity';
import { removeLockOfZombie } from '#common/servers/postgres-server';
import { probe } from './health';
import { rotateLog } from './log-files';
import { decide, type Event, failuresOf, isCrashLoop, type Phase } from './restart-policy';
import type { ServiceSpec } from './service-spec';
import type { Health, ServiceState } from './state';

const PROBE_WHILE_STARTING_MS = 100;
const PROBE_WHILE_READY_MS = 2_000;
/** An adopted process is not our child: nobody tells us of its end. */
const LOOK_AT_ADOPTED_MS = 200;

type RunningProcess = ProcessIdentity & { readonly startedAt: number };

/** Keeps one process alive: effects of the restart policy, and what is known of the process. */
export class SupervisedService {
  private phase: Phase = { kind: 'held' };
  private running: RunningProcess | null = null;
  private answersReady = false;
  private waitingFor: string[] = [];
  private restarts = 0;
  private lastExit: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private left = false;

  /** @param changed called at once after every change worth writing down */
  constructor(
    readonly spec: ServiceSpec,
    private readonly changed: () => void,
  ) {}

  /** Starts it, or takes over the process of that state when it still lives. Does nothing a second time. */
  release(former: ServiceState | undefined): void {
    if (this.phase.kind !== 'held') return;
    this.restarts = former?.restarts ?? 0;
    this.lastExit = former?.lastExit ?? null;
    if (former?.process != null && isSameProcessAlive(former.process)) this.adopt(former.process);
    else this.handle({ kind: 'released' });
  }

  /** Whether it is ready, or has been since it was released. */
  get wasReady(): boolean {
    return this.phase.kind === 'ready';
  }

  /** Leaves the process alone from now on. */
  leave(): void {
    this.left = true;
    clearTimeout(this.timer);
  }

  rotateLog(): void {
    rotateLog(this.spec.logFile);
  }

  state(): ServiceState {
    const { name, port, logFile, stopSignal, stopTimeoutMs } = this.spec;
    return {
      name,
      port,
      logFile,
      stopSignal,
      stopTimeoutMs,
      process: this.running,
      health: this.health(),
      waitingFor: this.waitingFor,
      restarts: this.restarts,
      failures: failuresOf(this.phase),
      lastExit: this.lastExit,
    };
  }

  private health(): Health {
    if (isCrashLoop(this.phase)) return 'crashing';
    switch (this.phase.kind) {
      case 'held':
        return 'held';
      case 'starting':
        return 'starting';
      case 'waiting':
        return 'restarting';
      case 'ready':
        return this.answersReady ? 'ready' : 'unready';
    }
  }

  private handle(event: Event): void {
    const { next, effects } = decide(this.phase, event);
    this.phase = next;
    for (const effect of effects) {
      if (effect.kind === 'spawn') this.spawn();
      else this.later(effect.ms, () => this.handle({ kind: 'delayOver' }));
    }
    this.changed();
  }

  private spawn(): void {
    const { command, args, env, cwd, uid, gid, logFile, health } = this.spec;
    if (health.kind === 'postgres') removeLockOfZombie(cwd);
    const log = openSync(logFile, 'a', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        env,
        cwd,
        // Straight into the file, not through us: our end must not be theirs. And a session of its own for the same reason.
        stdio: ['ignore', log, log],
        detached: true,
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      });
    } finally {
      closeSync(log);
    }
    child.once('error', (error) => {
      this.exited(`cannot be run: ${error.message}`);
    });
    if (child.pid === undefined) return; // the error event follows
    // A process that has ended already has none; its exit event follows.
    this.running = { pid: child.pid, startTime: processStartTime(child.pid) ?? 'ended', startedAt: Date.now() };
    child.once('exit', (code, signal) => {
      this.exited(signal === null ? `exit code ${String(code)}` : signal);
    });
    this.look();
  }

  private adopt(former: RunningProcess): void {
    this.running = former;
    this.phase = { kind: 'starting', failures: 0 };
    const watch = setInterval(() => {
      if (isSameProcessAlive(former)) return;
      clearInterval(watch);
      this.exited('ended');
    }, LOOK_AT_ADOPTED_MS);
    this.look();
    this.changed();
  }

  private exited(how: string): void {
    if (this.left) return;
    this.running = null;
    this.answersReady = false;
    this.waitingFor = [];
    this.lastExit = how;
    this.restarts += 1;
    clearTimeout(this.timer);
    process.stderr.write(`${new Date().toISOString()} ${this.spec.name}: ${how}\n`);
    this.handle({ kind: 'exited', at: performance.now() });
  }

  /** Asks the process how it is, again and again while it lives. */
  private look(): void {
    const asked = this.running;
    void probe(this.spec).then(({ ready, waitingFor }) => {
      if (this.left || this.running !== asked) return;
      const before = JSON.stringify(this.state());
      this.answersReady = ready;
      this.waitingFor = waitingFor;
      if (ready && this.phase.kind === 'starting') this.handle({ kind: 'becameReady', at: performance.now() });
      else if (JSON.stringify(this.state()) !== before) this.changed();
      this.later(ready ? PROBE_WHILE_READY_MS : PROBE_WHILE_STARTING_MS, () => this.look());
    });
  }

  private later(ms: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, ms);
  }
}
