import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { explain } from '../../ui/explain';
import { Dialog } from '../../ui/dialog';
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
    <Dialog title={t('chat.renameTitle')} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate(formText(new FormData(event.currentTarget), 'title').trim());
        }}
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
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" busy={rename.isPending}>
            {t('save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
