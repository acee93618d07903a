import { queryOptions } from '@tanstack/react-query';
import { api, body } from './client';

/** Who is signed in, with the settings that follow them to every browser. */
export const me = queryOptions({ queryKey: ['me'], queryFn: () => body(api.GET('/api/me')) });
