import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { explain } from '../../../ui/explain';
import { Notice, Page } from '../../../ui/page';
import { HintsForm } from './hints-form';
import { hintSettings } from './hint-settings';

/** Who gives hints; for admins. */
export function HintsPage() {
  const { t } = useTranslation();
  const { data, isError, error } = useQuery(hintSettings);
  return (
    <Page title={t('hints.title')}>
      <p className="text-sm text-subtle">{t('hints.what')}</p>
      {isError && <Notice tone="danger">{explain(error)}</Notice>}
      {data !== undefined && <HintsForm key={data.updatedAt} of={data} />}
    </Page>
  );
}
