import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useModelsStatus } from '../../../api/models-status';
import { useIsAdmin } from '../use-is-admin';
import { EndedSwitch } from './ended-switch';
import { RunningSwitch } from './running-switch';
import { switchQuery } from './switch-queries';
import { useWatchedSwitch, watchSwitch } from './watched-switch';

/** What depends on which model is in force. */
const STALE_AFTER_A_SWITCH = ['profiles', 'hardware', 'switches', 'models', 'benchmarks'];

/** The switch that runs, and then how it ended. */
export function SwitchBanner() {
  const queries = useQueryClient();
  const isAdmin = useIsAdmin();
  const status = useModelsStatus().data;
  const running = status?.switch ?? null;
  const runningId = running?.id ?? null;
  const profile = status?.profile ?? null;
  useEffect(() => {
    if (runningId !== null) watchSwitch(runningId);
    for (const key of STALE_AFTER_A_SWITCH)
      void queries.invalidateQueries({
        queryKey: [key],
        // The status itself comes by events.
        predicate: ({ queryKey }) => queryKey[1] !== 'status',
      });
  }, [queries, runningId, profile]);
  const watched = useWatchedSwitch();
  const ended = useQuery({ ...switchQuery(watched ?? ''), enabled: isAdmin && watched !== null && running === null });
  if (running !== null && status !== undefined) return <RunningSwitch of={running} queue={status.queue} />;
  if (watched === null || ended.data === undefined || ended.data.outcome === null) return null;
  return <EndedSwitch of={ended.data} onClose={() => watchSwitch(null)} />;
}
