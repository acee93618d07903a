import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { explain } from '../../ui/explain';
import { FormDialog } from '../../ui/form-dialog';
import { TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';
import { refreshConversation, type Conversation } from './conversations';

export function RenameDialog({ of: item, onClose }: { of: Conversation; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: (title: string) =>
      body(api.PATCH('/api/conversations/{id}', { params: { path: { id: item.id } }, body: { title } })),
    onSuccess: async () => {
      await refreshConversation(queries, item.id);
      onClose();
    },
  });
  return (
    <FormDialog
      title={t('chat.renameTitle')}
      action={t('save')}
      busy={rename.isPending}
      onSubmit={(form) => rename.mutate(formText(form, 'title').trim())}
      onClose={onClose}
    >
      <TextField
        label={t('chat.titleField')}
        name="title"
        required
        maxLength={200}
        autoFocus
        defaultValue={item.title ?? ''}
        error={rename.isError ? explain(rename.error) : null}
      />
    </FormDialog>
  );
}
