import type { EngineAnnouncement } from '#contracts/models';
import type { RunningEngine } from '../drivers/engine-driver';
import type { EngineStatus } from './engine';

type RunningProcess = Pick<RunningEngine, 'pid' | 'port' | 'startedAt' | 'url'>;

/** The operator's view of an engine. */
export function engineStatus(
  announcement: EngineAnnouncement,
  model: string | null,
  running: RunningProcess | null,
): EngineStatus {
  const { id, state } = announcement;
  return {
    id,
    state: state.kind,
    phase: state.kind === 'loading' ? state.phase : null,
    percent: state.kind === 'loading' ? state.percent : null,
    cause: state.kind === 'failed' ? state.cause : null,
    message: state.kind === 'failed' ? state.message : null,
    model,
    steppedDown: null,
    url: state.kind === 'ready' ? state.url : (running?.url ?? null),
    port: running?.port ?? null,
    pid: running?.pid ?? null,
    uptimeS: running === null ? null : Math.max(0, Math.round((Date.now() - running.startedAt) / 1000)),
  };
}
