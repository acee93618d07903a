import { readConfig } from '../config';
import { EngineCounters } from '../engine/counters';
import { Engine } from '../engine/engine';
import { PrefixCache, BLOCK_TOKENS } from '../engine/prefix-cache';
import { Scheduler } from '../engine/scheduler';
import { createApiServer } from '../http/server';
import { systemFingerprint, type ServerState } from '../http/server-state';
import { parseFlags } from './parse-flags';
import { serveOptions } from './serve-options';

export async function runServe(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env);
  const options = serveOptions(parseFlags(argv.slice(1)));
  const maxModelLen = options.maxModelLen ?? 32768;
  const kvCacheTokens = 200_000;
  const counters = new EngineCounters(maxModelLen);
  const scheduler = new Scheduler(
    { maxNumSeqs: config.maxNumSeqs ?? options.maxNumSeqs, kvCacheTokens, ttftMs: config.ttftMs },
    counters,
    options.enablePrefixCaching ? new PrefixCache(kvCacheTokens / BLOCK_TOKENS) : null,
  );
  const engine = new Engine(scheduler, counters, { tokensPerSecond: config.tokensPerSecond, ...config.faults });
  const state: ServerState = {
    options,
    config,
    engine,
    limits: { maxModelLen, hasChatTemplate: config.hasChatTemplate },
    kvCacheTokens,
    fingerprint: systemFingerprint(options, 'b751a0b1'),
    startedAtS: Date.now() / 1000,
    load: 0,
    httpRequests: new Map(),
  };
  const server = createApiServer(state, (line) => process.stdout.write(`${line}\n`));
  await new Promise<void>((resolve) => server.listen(options.port, options.host, resolve));
  process.stdout.write('INFO:     Application startup complete.\n');
}
