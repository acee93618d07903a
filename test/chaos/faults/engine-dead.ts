import type { Fault } from '../fault';
import { TOKENS_PER_SECOND } from '../judge';

/** Some twelve seconds of the load. The second life of the engine does not last until it has made as many. */
const CRASH_AFTER_TOKENS = 30_000;
/** It ends after a whole step, in which every stream gets its token. */
const LAST_STEP_TOKENS = 60;
const CRASH_TIMEOUT_MS = 60_000;

/** The engine ends itself in the middle of its work, as vLLM does after an error of CUDA. */
const crashed: Fault = {
  name: 'engine-crash',
  title: 'engine crash (the process ends itself)',
  env: { VLLM_SIM_FAULT: `crash-after:${CRASH_AFTER_TOKENS}` },
  spares: 'none',
  inject: async (stage) => {
    const { pid } = await stage.engine();
    if (pid === null) throw new Error('no engine runs');
    const at = await gone(pid);
    await stage.engineAgain(pid, CRASH_TIMEOUT_MS);
    return {
      at,
      readyAgainMs: Date.now() - at,
      deadEngines: { least: CRASH_AFTER_TOKENS, most: CRASH_AFTER_TOKENS + LAST_STEP_TOKENS },
      note: 'ready again: the engine, with its backoff',
    };
  },
};

/** kill -9, as the kernel does when memory is short. */
const killed: Fault = {
  name: 'kill-engine',
  title: 'kill -9 of the engine',
  spares: 'none',
  inject: async (stage) => {
    const { pid } = await stage.engine();
    if (pid === null) throw new Error('no engine runs');
    const before = performance.now();
    const metrics = await stage.engineMetrics();
    process.kill(pid, 'SIGKILL');
    const at = Date.now();
    const least = metrics['vllm:generation_tokens_total'] ?? 0;
    const steps = Math.ceil(((performance.now() - before) / 1_000) * TOKENS_PER_SECOND) + 1;
    const most = least + steps * (metrics['vllm:num_requests_running'] ?? 0);
    await stage.engineAgain(pid, CRASH_TIMEOUT_MS);
    return {
      at,
      readyAgainMs: Date.now() - at,
      deadEngines: { least, most },
      note: 'ready again: the engine, with its backoff',
    };
  },
};

/** @returns epoch milliseconds at which the process was seen to be gone. */
async function gone(pid: number): Promise<number> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return Date.now(); // ESRCH
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const ENGINE_DEAD: readonly Fault[] = [crashed, killed];
