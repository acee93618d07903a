import { queryOptions } from '@tanstack/react-query';
import { api, body } from '../../api/client';
import type { components } from '../../api/schema';

export type Profile = components['schemas']['ProfileViewDto'];
export type Hardware = components['schemas']['HardwareDto'];
export type Gpu = components['schemas']['GpuStateDto'];

/** The host reads its GPUs every ten seconds; asked twice as often, a reading is shown while it is fresh. */
const HARDWARE_EVERY_MS = 5_000;
/** The fit depends on what is free now. */
const PROFILES_EVERY_MS = 30_000;

export const profilesQuery = queryOptions({
  queryKey: ['profiles'],
  queryFn: () => body(api.GET('/api/profiles')),
  refetchInterval: PROFILES_EVERY_MS,
});

export const profileQuery = (name: string) =>
  queryOptions({
    queryKey: ['profiles', name],
    queryFn: () => body(api.GET('/api/profiles/{name}', { params: { path: { name } } })),
  });

export const hardwareQuery = queryOptions({
  queryKey: ['hardware'],
  queryFn: () => body(api.GET('/api/hardware')),
  refetchInterval: HARDWARE_EVERY_MS,
  staleTime: HARDWARE_EVERY_MS,
});
