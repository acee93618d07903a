import { createBrowserRouter, Navigate } from 'react-router';
import { modelsRoute } from '../pages/models/models-route';
import { Layout } from './layout';

/** Pages load when they are opened; the chat is what most people come for, and all others can wait. */
export const router = createBrowserRouter([
  {
    element: <Layout />,
    children: [
      {
        // One page for both: a conversation that begins does not have it made anew under its first tokens.
        lazy: async () => ({ Component: (await import('../pages/chat/chat-page')).ChatPage }),
        children: [{ index: true }, { path: 'c/:conversationId' }],
      },
      modelsRoute,
      { path: 'usage', lazy: async () => ({ Component: (await import('../pages/usage/usage-page')).UsagePage }) },
      { path: 'keys', lazy: async () => ({ Component: (await import('../pages/keys/keys-page')).KeysPage }) },
      { path: 'users', lazy: async () => ({ Component: (await import('../pages/users/users-page')).UsersPage }) },
      {
        path: 'settings',
        lazy: async () => ({ Component: (await import('../pages/settings/settings-page')).SettingsPage }),
      },
      {
        path: 'settings/hints',
        lazy: async () => ({ Component: (await import('../pages/settings/hints/hints-page')).HintsPage }),
      },
      { path: '*', element: <Navigate to="/" replace /> },
    ],
  },
]);
