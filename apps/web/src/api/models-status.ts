import { queryOptions, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, body } from './client';
import { followEvents } from './follow-events';
import type { components } from './schema';

export type ModelsStatus = components['schemas']['ModelsStatusDto'];

export const modelsStatus = queryOptions({
  queryKey: ['models', 'status'],
  queryFn: () => body(api.GET('/api/models/status')),
});

/** The status, kept current by the server's events for as long as somebody looks. */
export function useModelsStatus(): UseQueryResult<ModelsStatus> {
  const queries = useQueryClient();
  useEffect(
    () =>
      followEvents('/api/models/events', (event, data) => {
        if (event === 'status') queries.setQueryData(modelsStatus.queryKey, data as ModelsStatus);
      }),
    [queries],
  );
  return useQuery(modelsStatus);
}
