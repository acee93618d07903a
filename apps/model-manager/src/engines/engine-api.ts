import type { ServedModel } from '#contracts/models';
import { z } from 'zod';
import type { WorkSample } from './progress';

/** A loaded two-core machine was seen to stall for more than a second; a live engine answers within five. */
const PROBE_TIMEOUT_MS = 5_000;

export type Health = 'healthy' | 'dead' | 'no-answer';

const modelListSchema = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1),
      created: z.number().catch(0),
      max_model_len: z.number().nullish().catch(null),
    }),
  ),
});
const loadSchema = z.object({ server_load: z.number() });

/** What an engine says it has done since its start. */
export interface EngineCounts {
  /** Epoch seconds as the engine writes them: a name for this life of it, only ever compared. Null when it does not tell. */
  startedAt: string | null;
  promptTokens: number;
  generationTokens: number;
}

/** The few routes of an engine that model-manager calls; never one that a user chose. */
export class EngineApi {
  private readonly base: string;

  constructor(url: string) {
    this.base = url.replace(/\/+$/, '').replace(/\/v1$/, '');
  }

  /** 503 is vLLM's word for a dead engine core. */
  async health(): Promise<Health> {
    const status = await this.get('/health').then(
      (response) => response.status,
      () => null, // refused, reset or too slow: the caller counts
    );
    if (status === null) return 'no-answer';
    return status === 503 ? 'dead' : 'healthy';
  }

  /** @throws Error when the list cannot be had. */
  async models(aliases: readonly string[]): Promise<ServedModel[]> {
    const response = await this.get('/v1/models');
    if (!response.ok) throw new Error(`/v1/models answered ${response.status}`);
    const { data } = modelListSchema.parse(await response.json());
    return data.map(({ id, created, max_model_len }, index) => ({
      id,
      // A profile's aliases mean its own model, which stands first; adapters follow.
      aliases: index === 0 ? aliases.filter((alias) => alias !== id) : [],
      maxModelLen: max_model_len ?? null,
      created,
    }));
  }

  /** Null when the engine shows no metrics of vLLM's. */
  async work(): Promise<(WorkSample & { counts: EngineCounts }) | null> {
    const [metrics, load] = await Promise.all([this.text('/metrics'), this.serverLoad()]);
    if (metrics === null || !metrics.includes('vllm:num_requests_running')) return null;
    const queued = sumOf(metrics, 'vllm:num_requests_running') + sumOf(metrics, 'vllm:num_requests_waiting');
    return {
      busy: Math.max(queued, load),
      done: PROGRESS_COUNTERS.map((name) => sumOf(metrics, name)).join(' '),
      counts: countsIn(metrics),
    };
  }

  /** Requests that the API server holds: the gauges above come from the engine core, and a hung core says nothing new. */
  private async serverLoad(): Promise<number> {
    const text = await this.text('/load');
    if (text === null) return 0;
    try {
      return loadSchema.parse(JSON.parse(text)).server_load;
    } catch {
      return 0; // an engine without --enable-server-load-tracking
    }
  }

  private async text(path: string): Promise<string | null> {
    try {
      const response = await this.get(path);
      return response.ok ? await response.text() : null;
    } catch {
      return null; // whether the engine answers at all is health's business
    }
  }

  private get(path: string): Promise<Response> {
    return fetch(this.base + path, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS), redirect: 'error' });
  }
}

/** Each grows while an engine works; steps and KV blocks also during a long prefill, which makes no token yet. */
const PROGRESS_COUNTERS = [
  'vllm:generation_tokens_total',
  'vllm:prompt_tokens_total',
  'vllm:iteration_tokens_total_count',
  'vllm:kv_cache_usage_perc',
];

/** Several API servers of one engine show no `process_start_time_seconds`; the counters' own beginning is then as good. */
function countsIn(metrics: string): EngineCounts {
  const started =
    /^process_start_time_seconds (\S+)$/m.exec(metrics) ??
    /^vllm:generation_tokens_created\{[^\n]*\} (\S+)$/m.exec(metrics);
  return {
    startedAt: started?.[1] ?? null,
    promptTokens: sumOf(metrics, 'vllm:prompt_tokens_total'),
    generationTokens: sumOf(metrics, 'vllm:generation_tokens_total'),
  };
}

/** Sum over all label sets of a metric in Prometheus' text format. */
export function sumOf(metrics: string, name: string): number {
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(name) || !(line[name.length] === '{' || line[name.length] === ' ')) continue;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (Number.isFinite(value)) sum += value;
  }
  return sum;
}
