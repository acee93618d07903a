import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';

/** The model that answers next: whatever is in force, or one that is served now. */
export function ModelPicker({ value, onChoose }: { value: string; onChoose: (model: string) => void }) {
  const { t } = useTranslation();
  const models = useQuery({
    queryKey: ['models'],
    queryFn: () => body(api.GET('/v1/models')),
    refetchInterval: 10_000,
  });
  const ids = models.data?.data.map(({ id }) => id).filter((id) => id !== 'default') ?? [];
  if (value !== 'default' && !ids.includes(value)) ids.push(value);
  return (
    <select
      aria-label={t('chat.model')}
      value={value}
      onChange={(event) => onChoose(event.target.value)}
      className="max-w-60 truncate rounded-lg border border-line bg-raised px-2 py-1.5 text-sm"
    >
      <option value="default">{t('chat.modelInForce')}</option>
      {ids.map((id) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </select>
  );
}
