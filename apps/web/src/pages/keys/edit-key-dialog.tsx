import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { explain } from '../../ui/explain';
import { toast } from '../../ui/toast';
import { KeyForm, readKeyForm, type Key, type KeyFields } from './key-fields';

/** Changes name, expiry and limits of a key; they are in force for its next request. */
export function EditKeyDialog({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (fields: KeyFields) =>
      body(api.PATCH('/api/keys/{id}', { params: { path: { id: key.id } }, body: fields })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['keys'] });
      toast('good', t('saved'));
      onClose();
    },
  });
  return (
    <Dialog title={t('keys.editTitle', { name: key.name })} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(readKeyForm(new FormData(event.currentTarget)));
        }}
      >
        <KeyForm of={key} error={change.isError ? explain(change.error) : null} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" busy={change.isPending}>
            {t('save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
