import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#testing/eventually';
import { Clients, pause } from './clients';
import type { Fault } from './fault';
import { judge } from './judge';
import { isClean, type Result } from './result';
import { readRows } from './rows';
import { settle } from './settle';
import { Stage } from './stage';

/** The load runs for so long before the fault, and after what it broke is whole again. */
const BEFORE_MS = 2_500;
const AFTER_MS = 4_000;

/**
 * Runs a fresh Tandem under load, does it harm, waits until it has recovered, and compares.
 * @param logs folder for the logs of all processes, where something is not as it should be.
 */
export async function runFault(
  fault: Fault,
  streams: number,
  say: (line: string) => void,
  logs: string,
): Promise<Result> {
  const stage = await Stage.open(fault);
  let clean = false;
  try {
    const clients = new Clients(stage.gateways, await stage.makeKeys(streams));
    const before = await generated(stage);
    clients.start();
    await eventually(async () => ((await stage.engineMetrics())['vllm:num_requests_running'] ?? 0) >= streams / 2);
    await pause(BEFORE_MS);
    const injected = await fault.inject(stage, clients);
    await stage.whole();
    await pause(AFTER_MS);
    await clients.stop();
    const settled = await settle(stage);
    if ('unsettled' in settled) say(`  did not come to rest: ${settled.unsettled}`);
    const alive = await generated(stage);
    const dead = injected.deadEngines;
    const engineTokens =
      dead === undefined
        ? { least: alive - before, most: alive - before }
        : { least: dead.least - before + alive, most: dead.most - before + alive };
    const rows = await readRows(stage.databaseUrl);
    const verdict = judge(fault, injected, {
      asked: clients.asked,
      rows,
      engineTokens,
      firstGateway: stage.gateways[0]!,
    });
    const result = { fault, injected, verdict, settledMs: 'settledMs' in settled ? settled.settledMs : null };
    clean = isClean(result);
    return result;
  } finally {
    rmSync(logs, { recursive: true, force: true });
    if (!clean) cpSync(join(stage.tandem.home, 'logs'), logs, { recursive: true });
    await stage.close();
  }
}

async function generated(stage: Stage): Promise<number> {
  return (await stage.engineMetrics())['vllm:generation_tokens_total'] ?? 0;
}
