import type { QueryClient } from '@tanstack/react-query';
import { useSession } from '../api/session';
import { forgetFirstOptions } from '../pages/chat/chat-options';
import { drafts } from '../pages/chat/drafts';
import { forgetAnswers } from '../pages/chat/live-answers';

const LAST_USER = 'tandem-last-user';

/**
 * What a browser keeps of one user is nobody else's. What was loaded goes with the session; drafts wait for their writer to
 * sign in again, and go when it is somebody else who does.
 */
export function forgetUsers(queries: QueryClient): void {
  useSession.subscribe(({ session }) => {
    if (session.kind === 'signedOut') {
      queries.clear();
      forgetAnswers();
    }
    if (session.kind !== 'signedIn') return;
    const last = localStorage.getItem(LAST_USER);
    if (last !== null && last !== session.user.id) {
      drafts.clear();
      forgetFirstOptions();
    }
    localStorage.setItem(LAST_USER, session.user.id);
  });
}
