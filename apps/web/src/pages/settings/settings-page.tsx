import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, body } from '../../api/client';
import { me } from '../../api/me';
import { useSession } from '../../api/session';
import { LANGUAGES } from '../../app/i18n';
import { usePreferences, type LanguageChoice, type ThemeChoice } from '../../app/preferences';
import { Select } from '../../ui/field';
import { Page } from '../../ui/page';
import { showFailure } from '../../ui/toast';
import { ChatDefaults } from './chat-defaults';
import { ChangePassword } from './change-password';
import { MyData } from './my-data';
import { SavedPrompts } from './saved-prompts';
import { Section } from './section';

const THEMES = ['system', 'light', 'dark'] as const satisfies readonly ThemeChoice[];

export function SettingsPage() {
  const { t } = useTranslation();
  const { theme, language, setTheme, setLanguage } = usePreferences();
  const queries = useQueryClient();
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  const keep = useMutation({
    mutationFn: (choice: LanguageChoice) =>
      body(api.PATCH('/api/me', { body: { language: choice === 'system' ? null : choice } })),
    onSuccess: (changed) => queries.setQueryData(me.queryKey, changed),
    onError: showFailure,
  });
  const choose = (choice: LanguageChoice): void => {
    setLanguage(choice);
    keep.mutate(choice);
  };
  const languages: [LanguageChoice, string][] = [
    ['system', t('settings.system')],
    ...(Object.entries(LANGUAGES) as [LanguageChoice, string][]),
  ];
  return (
    <Page title={t('settings.title')}>
      <Section title={t('settings.look')}>
        <Select label={t('settings.language')} value={language} onChoose={choose} options={languages} />
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
      {isAdmin && (
        <Section title={t('hints.title')}>
          <p className="text-sm text-subtle">{t('hints.what')}</p>
          <p>
            <Link to="/settings/hints" className="text-sm font-medium text-accent underline">
              {t('hints.open')}
            </Link>
          </p>
        </Section>
      )}
    </Page>
  );
}
