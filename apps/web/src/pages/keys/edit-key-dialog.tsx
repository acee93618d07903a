import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { explain } from '../../ui/explain';
import { FormDialog } from '../../ui/form-dialog';
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
    <FormDialog
      title={t('keys.editTitle', { name: key.name })}
      action={t('save')}
      busy={change.isPending}
      onSubmit={(form) => change.mutate(readKeyForm(form))}
      onClose={onClose}
    >
      <KeyForm of={key} error={change.isError ? explain(change.error) : null} />
    </FormDialog>
  );
}
