import { queryOptions } from '@tanstack/react-query';
import { api, body } from '../../../api/client';
import type { components } from '../../../api/schema';

/** As they are sent: the key of another server only where it changes. */
export type GivenSettings = components['schemas']['PutHintSettingsDto'];

/** Who gives hints, without the key of another server, which nobody is told. */
export const hintSettings = queryOptions({
  queryKey: ['hints', 'settings'],
  queryFn: () => body(api.GET('/api/hints/settings')),
});
