import { queryOptions } from '@tanstack/react-query';
import { allPages } from '../../api/all-pages';
import { api, body } from '../../api/client';
import type { components } from '../../api/schema';

export type Prompt = components['schemas']['PromptDto'];

/** The user's saved system prompts and those that admins share. */
export const promptList = queryOptions({
  queryKey: ['prompts'],
  queryFn: () =>
    allPages((cursor) => body(api.GET('/api/prompts', { params: { query: cursor === undefined ? {} : { cursor } } }))),
});
