import { queryOptions } from '@tanstack/react-query';
import { allPages } from './all-pages';
import { api, body } from './client';

/** All users; for admins. */
export const userList = queryOptions({
  queryKey: ['users'],
  queryFn: () =>
    allPages((cursor) => body(api.GET('/api/users', { params: { query: cursor === undefined ? {} : { cursor } } }))),
});
