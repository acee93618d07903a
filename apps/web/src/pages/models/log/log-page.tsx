import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { modelsStatus } from '../../../api/models-status';
import { Notice } from '../../../ui/page';
import { LogView } from './log-view';

/** What an engine prints, as it prints it. */
export function LogPage() {
  const { t } = useTranslation();
  const status = useQuery(modelsStatus);
  const [chosen, choose] = useState<string | null>(null);
  const ids = status.data?.engines.filter(({ driver }) => driver !== 'external').map(({ id }) => id) ?? [];
  const engine = chosen !== null && ids.includes(chosen) ? chosen : ids[0];
  if (status.data === undefined) return null;
  if (engine === undefined) return <Notice>{t('models.log.none')}</Notice>;
  return <LogView key={engine} engine={engine} engines={ids} onChoose={choose} />;
}
