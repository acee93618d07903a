import { useTranslation } from 'react-i18next';
import { LANGUAGES } from '../../app/i18n';
import { usePreferences, type LanguageChoice, type ThemeChoice } from '../../app/preferences';
import { Select } from '../../ui/field';
import { Page } from '../../ui/page';
import { ChatDefaults } from './chat-defaults';
import { ChangePassword } from './change-password';
import { MyData } from './my-data';
import { SavedPrompts } from './saved-prompts';
import { Section } from './section';

const THEMES = ['system', 'light', 'dark'] as const satisfies readonly ThemeChoice[];

export function SettingsPage() {
  const { t } = useTranslation();
  const { theme, language, setTheme, setLanguage } = usePreferences();
  const languages: [LanguageChoice, string][] = [
    ['system', t('settings.system')],
    ...(Object.entries(LANGUAGES) as [LanguageChoice, string][]),
  ];
  return (
    <Page title={t('settings.title')}>
      <Section title={t('settings.look')}>
        <Select label={t('settings.language')} value={language} onChoose={setLanguage} options={languages} />
        <Select
          label={t('settings.theme')}
          value={theme}
          onChoose={setTheme}
          options={THEMES.map((choice) => [choice, t(`settings.${choice}`)] as const)}
        />
      </Section>
      <ChatDefaults />
      <SavedPrompts />
      <ChangePassword />
      <MyData />
    </Page>
  );
}
