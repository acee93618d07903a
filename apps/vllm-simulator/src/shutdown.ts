import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VllmLog } from './boot/log';
import type { Engine } from './engine/engine';
import type { ServerState } from './http/server-state';

/** Answers that are on their way may take this long; a vLLM whose client does not read waits without end. */
const FLUSH_MS = 400;

/** Resolves at SIGTERM or SIGINT. */
export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** Ends the server as vLLM does: with --shutdown-timeout running answers may finish, otherwise they end with "abort". */
export async function shutdown(
  log: VllmLog,
  server: Server,
  state: ServerState,
  ending: 'asked' | 'died',
): Promise<void> {
  const { engine, options } = state;
  if (ending === 'asked') {
    const timeoutS = options.shutdownTimeoutS;
    const mode = timeoutS > 0 ? 'drain' : 'abort';
    log.info('APIServer', 'launcher.py:254', '[shutdown] API server: shutdown triggered');
    log.info(
      'APIServer',
      'launcher.py:270',
      `[shutdown] API server: stopping engine client mode=${mode} timeout=${timeoutS}s`,
    );
    if (timeoutS > 0) await Promise.race([untilIdle(engine), sleep(timeoutS * 1000, undefined, { ref: false })]);
    engine.abortAll();
    engine.stop();
    log.info(
      'EngineCore',
      'core.py:1666',
      '[shutdown] EngineCore: request processing complete; starting resource teardown',
    );
    log.info('APIServer', 'core_client.py:777', '[shutdown] MPClient: complete');
  }
  log.stderr('INFO:     Shutting down');
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(FLUSH_MS)]);
  server.closeAllConnections();
  log.stderr('INFO:     Waiting for application shutdown.');
  log.stderr('INFO:     Application shutdown complete.');
}

function untilIdle(engine: Engine): Promise<void> {
  if (engine.openRequests === 0) return Promise.resolve();
  return new Promise((resolve) => {
    engine.onIdle = resolve;
  });
}
