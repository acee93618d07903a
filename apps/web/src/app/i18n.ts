import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from '../locales/en.json';
import ko from '../locales/ko.json';
import { usePreferences, type LanguageChoice } from './preferences';

export const LANGUAGES = { en: 'English', ko: '한국어' } as const;

function languageOf(choice: LanguageChoice): keyof typeof LANGUAGES {
  if (choice !== 'system') return choice;
  return navigator.languages.some((language) => language.startsWith('ko')) ? 'ko' : 'en';
}

/** Korean and English; follows the browser until the user chooses. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, ko: { translation: ko } },
    lng: languageOf(usePreferences.getState().language),
    fallbackLng: 'en',
    interpolation: { escapeValue: false }, // React escapes
  });
  document.documentElement.lang = i18next.language;
  usePreferences.subscribe(({ language }, before) => {
    if (language === before.language) return;
    void i18next.changeLanguage(languageOf(language)).then(() => {
      document.documentElement.lang = i18next.language;
    });
  });
}
