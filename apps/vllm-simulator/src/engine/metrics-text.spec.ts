import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFlags } from '../cli/parse-flags';
import { serveOptions } from '../cli/serve-options';
import { readConfig } from '../config';
import { createServerState } from '../http/server-state';
import { metricsText } from './metrics-text';

const raw = readFileSync(join(__dirname, '../../../../libs/testing/recordings/http/get-metrics.raw'), 'utf8');
const recorded = raw.slice(raw.indexOf('\r\n\r\n') + 4);

const state = createServerState(serveOptions(parseFlags(['tiny-chat', '--max-model-len', '2048'])), readConfig({}), {
  weightsGib: 1,
  kvCacheGib: 1,
  kvCacheTokens: 100_000,
  maxModelLen: 2048,
  usedMib: 0,
});

/** Help and type lines of the engine's own families. */
const families = (text: string): string[] => text.split('\n').filter((line) => /^# (HELP|TYPE) vllm:/.test(line));

/** Series of the engine with their labels, without values; cache_config_info says more in a real one. */
const series = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('vllm:') && !line.startsWith('vllm:cache_config_info'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));

describe('/metrics', () => {
  it('has the families of a real vLLM, in its order, with its help', () => {
    expect(families(metricsText(state))).toEqual(families(recorded));
  });

  it('has its series, labels and buckets included', () => {
    expect(series(metricsText(state))).toEqual(series(recorded));
  });

  it('writes numbers as Python does', () => {
    const text = metricsText(state);
    expect(text).toContain('vllm:num_requests_running{engine="0",model_name="tiny-chat"} 0.0\n');
    expect(text).toMatch(/vllm:prompt_tokens_created\{[^}]*\} 1\.\d+e\+09\n/);
  });
});
