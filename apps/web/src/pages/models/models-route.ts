import type { RouteObject } from 'react-router';

/** /models and what lies below it; each page is loaded when it is opened. */
export const modelsRoute: RouteObject = {
  path: 'models',
  lazy: async () => ({ Component: (await import('./models-layout')).ModelsLayout }),
  children: [
    { index: true, lazy: async () => ({ Component: (await import('./profiles/profiles-page')).ProfilesPage }) },
    {
      path: 'profiles/:name',
      lazy: async () => ({ Component: (await import('./profiles/profile-page')).ProfilePage }),
    },
    { path: 'hardware', lazy: async () => ({ Component: (await import('./hardware/hardware-page')).HardwarePage }) },
  ],
};
