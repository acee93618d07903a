import { queryOptions } from '@tanstack/react-query';
import { allPages } from './all-pages';
import { api, body } from './client';

/** The user's keys; an admin sees everybody's. */
export const keyList = queryOptions({
  queryKey: ['keys'],
  queryFn: () =>
    allPages((cursor) => body(api.GET('/api/keys', { params: { query: cursor === undefined ? {} : { cursor } } }))),
});
