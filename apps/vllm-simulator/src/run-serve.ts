import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { banner, earlySteps, loadSteps, readySteps, type BootStep } from './boot/boot-log';
import {
  badModelPath,
  CUDA_OOM,
  engineDied,
  engineFailed,
  gatedModel,
  invalidConfig,
  NCCL_ERROR,
  portInUse,
  toolChoiceWithoutParser,
} from './boot/failures';
import { readFootprints, removeFootprint, writeFootprint } from './gpu/footprint';
import { VllmLog } from './boot/log';
import { noCacheBlocks, planMemory, type BootFailure, type MemoryPlan } from './boot/memory-plan';
import type { ServeOptions } from './cli/serve-options';
import type { SimulatorConfig } from './config';
import type { Engine } from './engine/engine';
import { createApiServer } from './http/server';
import { createServerState, type ServerState } from './http/server-state';
import { logStatistics } from './statistics-log';
import { shutdown, untilAskedToStop } from './shutdown';

/** A start that failed; a command line that is wrong is 2, and is not seen here. */
const START_FAILED = 1;
/** How long after the engine's death the API server goes (1.1 to 5.2 s were seen). Its exit code is 0. */
const DEATH_LINGER_MS = 1100;
/** The longest that a timer takes. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** Of the load time (boot/boot-log.ts). */
const GRAPHS_BEGIN_AT = 0.84;
/** What the CUDA context takes before anything is loaded, in MiB. */
const CONTEXT_MIB = 500;

/** Runs `vllm serve` until it ends, and resolves with its exit code. */
export async function runServe(options: ServeOptions, config: SimulatorConfig): Promise<number> {
  const log = new VllmLog(
    { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
    process.pid,
    options.tensorParallelSize,
  );
  if (options.autoToolChoice && options.toolCallParser === null) {
    toolChoiceWithoutParser(log);
    return START_FAILED;
  }
  if (/^[./]/.test(options.model) && !existsSync(options.model)) {
    badModelPath(log, options.model);
    return START_FAILED;
  }
  banner(log, options);
  if (config.faults.gated) {
    gatedModel(log, options.model);
    return START_FAILED;
  }
  if (config.faults.portInUse || !(await canListen(options))) {
    portInUse(log);
    return START_FAILED;
  }
  const plan = planMemory(options, config, heldMib(options, config));
  if ('kind' in plan && plan.kind === 'config') {
    invalidConfig(log, plan.message);
    return START_FAILED;
  }
  const booted = await boot(log, options, config, plan);
  if (booted === null) return START_FAILED;
  const state = createServerState(options, config, booted);
  return serve(log, state, booted);
}

/** What other simulators hold on the fullest of this engine's GPUs. */
function heldMib(options: ServeOptions, config: SimulatorConfig): number {
  if (config.stateDir === null) return 0;
  const others = readFootprints(config.stateDir);
  const onGpu = (gpu: number): number =>
    others.filter(({ gpus }) => gpus.includes(gpu)).reduce((sum, { usedMib }) => sum + usedMib, 0);
  return Math.max(0, ...config.visibleGpus.slice(0, options.tensorParallelSize).map(onGpu));
}

/** vLLM binds its port before it loads anything, and listens only when it is ready. */
async function canListen({ host, port }: ServeOptions): Promise<boolean> {
  const probe = createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => resolve(true));
  });
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free;
}

async function play(log: VllmLog, steps: readonly BootStep[], seconds: number, startedMs: number): Promise<void> {
  for (const step of steps) {
    const waitMs = startedMs + step.at * seconds * 1000 - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    step.say(log);
  }
}

/** Says what the load says, and resolves with the plan; null when it failed. */
async function boot(
  log: VllmLog,
  options: ServeOptions,
  config: SimulatorConfig,
  planned: MemoryPlan | BootFailure,
): Promise<MemoryPlan | null> {
  const startedMs = performance.now();
  const { loadSeconds, faults, logFormat } = config;
  const failed = (message: string): null => {
    engineFailed(log, message);
    return null;
  };
  // A plan that cannot be still says how far it would have come.
  const plan =
    'kind' in planned
      ? { weightsGib: 0, kvCacheGib: 0, kvCacheTokens: 0, maxModelLen: options.maxModelLen ?? 0, usedMib: 0 }
      : planned;
  await play(log, earlySteps(options, plan), loadSeconds, startedMs);
  footprint(options, config, CONTEXT_MIB);
  if (faults.nccl) return failed(NCCL_ERROR);
  if ('kind' in planned && planned.message.startsWith('Free memory')) return failed(`ValueError: ${planned.message}`);
  const loading = loadSteps(options, plan, loadSeconds);
  if (faults.oomLoad) {
    await play(log, loading.slice(0, Math.ceil(loading.length / 2)), loadSeconds, startedMs);
    return failed(CUDA_OOM);
  }
  await play(log, loading, loadSeconds, startedMs);
  if (faults.stuckLoad) await sleep(FOR_EVER_MS);
  footprint(options, config, CONTEXT_MIB + Math.round(plan.weightsGib * 1024));
  if ('kind' in planned) return failed(`ValueError: ${planned.message}`);
  if (faults.oomKv) return failed(`ValueError: ${noCacheBlocks().message}`);
  const last = readySteps(options, plan, logFormat, loadSeconds);
  if (faults.oomGraphs) {
    const captured = last.findIndex(({ at }) => at > GRAPHS_BEGIN_AT);
    await play(log, last.slice(0, captured), loadSeconds, startedMs);
    return failed(CUDA_OOM);
  }
  await play(log, last, loadSeconds, startedMs);
  footprint(options, config, plan.usedMib);
  return planned;
}

function footprint(options: ServeOptions, config: SimulatorConfig, usedMib: number, busy = false): void {
  if (config.stateDir === null) return;
  const gpus = config.visibleGpus.slice(0, options.tensorParallelSize);
  writeFootprint(config.stateDir, { pid: process.pid, name: 'VLLM::Worker', gpus, usedMib, busy });
}

async function serve(log: VllmLog, state: ServerState, plan: MemoryPlan): Promise<number> {
  const { options, config, engine } = state;
  const server = createApiServer(state, (line) => {
    log.plain(line);
  });
  log.stderr(`INFO:     Started server process [${process.pid}]`);
  log.stderr('INFO:     Waiting for application startup.');
  await listen(server, options);
  log.stderr('INFO:     Application startup complete.');
  const stopStatistics = logStatistics(log, state, (busy) => {
    footprint(options, config, plan.usedMib, busy);
  });
  const ending = await Promise.race([
    untilAskedToStop().then(() => 'asked' as const),
    death(engine).then(() => 'died' as const),
  ]);
  stopStatistics();
  if (ending === 'died') {
    engineDied(log);
    await sleep(DEATH_LINGER_MS);
  }
  await shutdown(log, server, state, ending);
  if (config.stateDir !== null) removeFootprint(config.stateDir, process.pid);
  return 0;
}

function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

const death = (engine: Engine): Promise<void> =>
  new Promise((resolve) => {
    engine.onDeath = resolve;
  });
