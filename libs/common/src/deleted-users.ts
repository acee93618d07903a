import { AccessSubjects, type AccessChanged, type UsersQuery, type UsersRemoved } from '#contracts/access';
import type { Bus } from './bus';

const ASK_TIMEOUT_MS = 5_000;
/** Users in one question. */
const ASK_AT_ONCE = 1_000;

/** Calls `forget` when a user is deleted. Who was away then must ask, with `deletedAmong`. */
export function onUserDeleted(bus: Bus, forget: (userId: string) => void): void {
  bus.subscribe(AccessSubjects.changed, (message) => {
    const news = message.json<AccessChanged>();
    if (news.kind === 'user' && news.ended === 'deleted') forget(news.userId);
  });
}

/** Those of the users that are deleted. @throws when no gateway answers; then nobody is known to be. */
export async function deletedAmong(bus: Bus, userIds: readonly string[]): Promise<string[]> {
  const deleted: string[] = [];
  for (let from = 0; from < userIds.length; from += ASK_AT_ONCE) {
    const query: UsersQuery = { userIds: userIds.slice(from, from + ASK_AT_ONCE) };
    const answer = await bus.connection.request(AccessSubjects.removedUsers, JSON.stringify(query), {
      timeout: ASK_TIMEOUT_MS,
    });
    deleted.push(...answer.json<UsersRemoved>().userIds);
  }
  return deleted;
}
