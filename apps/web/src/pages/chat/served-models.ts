import { queryOptions } from '@tanstack/react-query';
import { api, body } from '../../api/client';

/** What answers now, by id; `default` is not among them. */
export const servedModels = queryOptions({
  queryKey: ['models', 'served'],
  queryFn: async () => (await body(api.GET('/v1/models'))).data.map(({ id }) => id).filter((id) => id !== 'default'),
  refetchInterval: 10_000,
});
