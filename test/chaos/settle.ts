import { jetstreamManager } from '@nats-io/jetstream';
import { USAGE_CONSUMER, USAGE_STREAM } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import { isOver, readRows } from './rows';
import type { Stage } from './stage';

/** The ledger has caught up a minute after what it waited for is back. */
const SETTLE_MS = 60_000;
const LOOK_EVERY_MS = 250;

/**
 * Waits until nothing moves any more: no request runs, no event waits, every row is finished.
 * @returns milliseconds that it took, or why it did not come to rest; the comparison then says what is missing.
 */
export async function settle(stage: Stage): Promise<{ settledMs: number } | { unsettled: string }> {
  const begin = performance.now();
  const connection = await stage.nats();
  try {
    const manager = await jetstreamManager(connection);
    await eventually(
      async () => {
        const running = (await stage.engineMetrics())['vllm:num_requests_running'];
        if (running !== 0) throw new Error(`the engine runs ${String(running)} requests`);
        const { num_pending, num_ack_pending } = await manager.consumers.info(USAGE_STREAM, USAGE_CONSUMER);
        if (num_pending + num_ack_pending !== 0)
          throw new Error(`${num_pending} messages of events wait, ${num_ack_pending} are in hand`);
        const open = (await readRows(stage.databaseUrl)).filter((row) => !isOver(row));
        if (open.length > 0) throw new Error(`${open.length} rows are not finished`);
        return true;
      },
      { timeoutMs: SETTLE_MS, everyMs: LOOK_EVERY_MS },
    );
    return { settledMs: Math.round(performance.now() - begin) };
  } catch (error) {
    return { unsettled: error instanceof Error ? error.message : String(error) };
  } finally {
    await connection.close();
  }
}
