import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body } from '../../../api/client';

const LOOK_AGAIN_MS = 1_000;

/** Switches, newest first. For admins only. */
export const switchesQuery = infiniteQueryOptions({
  queryKey: ['switches'],
  queryFn: ({ pageParam }) =>
    body(api.GET('/api/models/switches', { params: { query: pageParam === null ? {} : { cursor: pageParam } } })),
  initialPageParam: null as string | null,
  getNextPageParam: ({ nextCursor }) => nextCursor,
});

/** One switch; asked again until it is over. */
export const switchQuery = (id: string) =>
  queryOptions({
    queryKey: ['switches', id],
    queryFn: () => body(api.GET('/api/models/switches/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.endedAt === null ? LOOK_AGAIN_MS : false),
  });
