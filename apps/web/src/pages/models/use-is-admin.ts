import { useSession } from '../../api/session';

/** Who may switch, cancel and read the log. The API refuses others whatever the page shows. */
export const useIsAdmin = (): boolean =>
  useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
