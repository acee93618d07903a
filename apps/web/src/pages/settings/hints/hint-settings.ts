import { queryOptions } from '@tanstack/react-query';
import { api, body } from '../../../api/client';

/** Who gives hints, without the key of another server, which nobody is told. */
export const hintSettings = queryOptions({
  queryKey: ['hints', 'settings'],
  queryFn: () => body(api.GET('/api/hints/settings')),
});
