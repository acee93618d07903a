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
    { path: 'switches', lazy: async () => ({ Component: (await import('./switching/switches-page')).SwitchesPage }) },
    {
      path: 'benchmarks',
      lazy: async () => ({ Component: (await import('./benchmarks/benchmarks-page')).BenchmarksPage }),
    },
    { path: 'log', lazy: async () => ({ Component: (await import('./log/log-page')).LogPage }) },
    { path: 'hardware', lazy: async () => ({ Component: (await import('./hardware/hardware-page')).HardwarePage }) },
  ],
};
