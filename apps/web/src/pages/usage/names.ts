import { useQuery } from '@tanstack/react-query';
import i18next from 'i18next';
import { keyList } from '../../api/keys';
import { useSession } from '../../api/session';
import { userList } from '../../api/users';

/** How people call what the ledger knows by id. */
export interface Names {
  users: readonly { id: string; email: string }[];
  keys: readonly { id: string; name: string }[];
  isAdmin: boolean;
  user: (id: string, email: string | null | undefined) => string;
  /** Null: signed in with a password. */
  key: (id: string | null) => string;
}

export function useNames(): Names {
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  const { data: keys = [] } = useQuery(keyList);
  const { data: users = [] } = useQuery({ ...userList, enabled: isAdmin });
  return {
    users,
    keys,
    isAdmin,
    user: (id, email) => email || users.find((user) => user.id === id)?.email || i18next.t('usage.deletedUser'),
    key: (id) =>
      id === null
        ? i18next.t('usage.noKey')
        : (keys.find((key) => key.id === id)?.name ?? i18next.t('usage.deletedKey')),
  };
}
