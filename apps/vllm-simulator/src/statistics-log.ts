import type { VllmLog } from './boot/log';
import type { ServerState } from './http/server-state';

/** VLLM_LOG_STATS_INTERVAL of vLLM. */
const INTERVAL_S = 10;

/** vLLM's line of statistics, each ten seconds while there is something to say. Returns what stops it. */
export function logStatistics(log: VllmLog, { engine }: ServerState, onBusy: (busy: boolean) => void): () => void {
  const { counters, scheduler } = engine;
  let before = { prompt: 0, generated: 0 };
  let busy = false;
  const watch = setInterval(() => {
    if (busy === !scheduler.idle) return;
    busy = !scheduler.idle;
    onBusy(busy);
  }, 1000).unref();
  const timer = setInterval(() => {
    const now = { prompt: counters.promptTokens, generated: counters.generationTokens };
    if (now.prompt === before.prompt && now.generated === before.generated && scheduler.idle) return;
    const rate = (after: number, earlier: number): string => ((after - earlier) / INTERVAL_S).toFixed(1);
    const hitRate = counters.prefixQueries === 0 ? 0 : (100 * counters.prefixHits) / counters.prefixQueries;
    log.info(
      'APIServer',
      'loggers.py:335',
      `Engine 000: Avg prompt throughput: ${rate(now.prompt, before.prompt)} tokens/s, Avg generation throughput: ` +
        `${rate(now.generated, before.generated)} tokens/s, Running: ${scheduler.runningCount} reqs, Waiting: ` +
        `${scheduler.waitingCount} reqs, GPU KV cache usage: ${(100 * scheduler.kvCacheUsage).toFixed(1)}%, ` +
        `Prefix cache hit rate: ${hitRate.toFixed(1)}%`,
    );
    before = now;
  }, INTERVAL_S * 1000).unref();
  return () => {
    clearInterval(watch);
    clearInterval(timer);
  };
}
