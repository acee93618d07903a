import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import { Button } from '../../../ui/button';
import { explain } from '../../../ui/explain';
import { Section } from '../section';
import type { GivenSettings } from './hint-settings';

/** A loop that goes one step too far. */
const CODE = 'def total(xs):\n    t = 0\n    for i in range(len(xs) + 1):\n        t += xs[i]\n    return t\n';

/** Asks for a hint with the settings as they stand in the form, stored or not; it has a row in the ledger. */
export function HintTest({ of: settings }: { of: GivenSettings }) {
  const { t, i18n } = useTranslation();
  const test = useMutation({
    mutationFn: async () => {
      const began = performance.now();
      const locale = i18n.language === 'ko' ? 'ko' : 'en';
      const answer = await body(
        api.POST('/api/hints/test', {
          body: { settings, hint: { problem: t('hints.problem'), code: CODE, language: 'python', level: 2, locale } },
        }),
      );
      return { ...answer, seconds: ((performance.now() - began) / 1_000).toFixed(1) };
    },
  });
  return (
    <Section title={t('hints.test')}>
      <p className="text-sm text-subtle">{t('hints.testHint')}</p>
      <div>
        <Button busy={test.isPending} onClick={() => test.mutate()}>
          {t('hints.test')}
        </Button>
      </div>
      <div role="status" className="grid gap-2 text-sm">
        {test.isPending && <p className="text-subtle">{t('hints.testing')}</p>}
        {test.data !== undefined && (
          <>
            <p className="text-subtle">
              {t('hints.tested', { backend: test.data.backend, model: test.data.model, seconds: test.data.seconds })}
            </p>
            <p className="whitespace-pre-wrap">{test.data.hint}</p>
          </>
        )}
      </div>
      {test.isError && (
        <p role="alert" className="text-sm text-danger">
          {explain(test.error)}
        </p>
      )}
    </Section>
  );
}
