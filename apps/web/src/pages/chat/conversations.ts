import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import { allPages } from '../../api/all-pages';
import { api, body } from '../../api/client';
import type { components } from '../../api/schema';

export type Conversation = components['schemas']['ConversationListItemDto'];
export type Message = components['schemas']['MessageDto'];

const PAGE = 40;

/** The user's conversations, last used first; with a search, those that hold its words. */
export function conversationList(search: string) {
  return infiniteQueryOptions({
    queryKey: ['conversations', search],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/conversations', {
          params: {
            query: {
              limit: PAGE,
              ...(pageParam === undefined ? {} : { cursor: pageParam }),
              ...(search === '' ? {} : { q: search }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

export function conversation(id: string) {
  return queryOptions({
    queryKey: ['conversation', id],
    queryFn: () => body(api.GET('/api/conversations/{id}', { params: { path: { id } } })),
  });
}

/** All messages of all branches, oldest first. */
export function messages(id: string) {
  return queryOptions({
    queryKey: ['messages', id],
    queryFn: () =>
      allPages((cursor) =>
        body(
          api.GET('/api/conversations/{id}/messages', {
            params: { path: { id }, query: cursor === undefined ? {} : { cursor } },
          }),
        ),
      ),
  });
}

export async function refreshConversation(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: ['messages', id] }),
    queries.invalidateQueries({ queryKey: ['conversation', id] }),
    queries.invalidateQueries({ queryKey: ['conversations'] }),
  ]);
}
