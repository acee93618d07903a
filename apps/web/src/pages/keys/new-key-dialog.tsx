import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { explain } from '../../ui/explain';
import { FormDialog } from '../../ui/form-dialog';
import { HandOver } from '../../ui/hand-over';
import { Samples } from './code-samples';
import { KeyForm, readKeyForm, type KeyFields } from './key-fields';

/** Makes a key, then shows it: once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (key: KeyFields) => body(api.POST('/api/keys', { body: key })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (make.isSuccess)
    return (
      <HandOver
        title={t('keys.made')}
        what={t('keys.shownOnce')}
        secret={make.data.key}
        copyLabel={t('keys.copy')}
        onClose={onClose}
      >
        <Samples apiKey={make.data.key} />
      </HandOver>
    );
  return (
    <FormDialog
      title={t('keys.new')}
      action={t('keys.make')}
      busy={make.isPending}
      onSubmit={(form) => make.mutate(readKeyForm(form))}
      onClose={onClose}
    >
      <KeyForm of={null} error={make.isError ? explain(make.error) : null} />
    </FormDialog>
  );
}
