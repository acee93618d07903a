import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';

import { ApiError } from './api/session';
import { forgetUsers } from './app/forget-users';
import { startI18n } from './app/i18n';
import { reloadAfterUpgrade } from './app/reload-after-upgrade';
import { router } from './app/router';
import { SignedIn } from './app/signed-in';
import { followTheme } from './app/theme';
import { Toasts } from './ui/toast';
import './styles.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the caller did wrong will be wrong again.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});

reloadAfterUpgrade();
followTheme();
forgetUsers(queries);
await startI18n();

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SignedIn>
        <RouterProvider router={router} />
      </SignedIn>
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
