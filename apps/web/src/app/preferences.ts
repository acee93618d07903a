import { create } from 'zustand';
import { persist } from 'zustand/middleware';

export type ThemeChoice = 'system' | 'light' | 'dark';
export type LanguageChoice = 'system' | 'en' | 'ko';

interface Preferences {
  theme: ThemeChoice;
  language: LanguageChoice;
  setTheme: (theme: ThemeChoice) => void;
  setLanguage: (language: LanguageChoice) => void;
}

/** What this browser remembers; it also works on the sign-in page. */
export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      theme: 'system',
      language: 'system',
      setTheme: (theme) => set({ theme }),
      setLanguage: (language) => set({ language }),
    }),
    { name: 'tandem-preferences' },
  ),
);
