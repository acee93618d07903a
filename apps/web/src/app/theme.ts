import { usePreferences, type ThemeChoice } from './preferences';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

function apply(choice: ThemeChoice): void {
  const name = choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
  document.documentElement.dataset['theme'] = name;
}

/** Keeps `data-theme` at what the system or the user says. */
export function followTheme(): void {
  apply(usePreferences.getState().theme);
  usePreferences.subscribe(({ theme }) => apply(theme));
  dark.addEventListener('change', () => apply(usePreferences.getState().theme));
}
