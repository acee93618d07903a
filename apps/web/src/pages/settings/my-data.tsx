import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Download, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { download } from '../../api/download';
import { Button } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { formatNumber } from '../../ui/format';
import { showFailure, toast } from '../../ui/toast';
import { forgetFirstOptions } from '../chat/chat-options';
import { drafts } from '../chat/drafts';
import { Section } from './section';

/** Everything that is kept of the user: to take along, and to delete. */
export function MyData() {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const queries = useQueryClient();
  const take = useMutation({
    mutationFn: () => download('/api/me/data', 'tandem-data.json'),
    onError: showFailure,
  });
  const remove = useMutation({
    mutationFn: () => body(api.DELETE('/api/me/data')),
    onSuccess: ({ conversations, messages }) => {
      drafts.clear();
      forgetFirstOptions();
      queries.clear();
      toast(
        'good',
        t('myData.deleted', { conversations: formatNumber(conversations), messages: formatNumber(messages) }),
      );
    },
    onError: showFailure,
    onSettled: () => setDeleting(false),
  });
  return (
    <Section title={t('myData.title')}>
      <p className="text-sm text-subtle">{t('myData.what')}</p>
      <div className="flex flex-wrap gap-2">
        <Button busy={take.isPending} onClick={() => take.mutate()}>
          <Download aria-hidden className="size-4" /> {t('myData.export')}
        </Button>
        <Button look="danger" onClick={() => setDeleting(true)}>
          <Trash2 aria-hidden className="size-4" /> {t('myData.delete')}
        </Button>
      </div>
      {deleting && (
        <Confirm
          title={t('myData.delete')}
          what={t('myData.deleteWhat')}
          action={t('myData.deleteDo')}
          busy={remove.isPending}
          onConfirm={() => remove.mutate()}
          onClose={() => setDeleting(false)}
        />
      )}
    </Section>
  );
}
