import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { explain } from '../../ui/explain';
import { TextArea, TextField } from '../../ui/field';
import { FormDialog } from '../../ui/form-dialog';
import { formText } from '../../ui/form-text';
import { promptList, type Prompt } from '../chat/prompts';

/** Makes a saved prompt, or changes one. */
export function PromptDialog({ of: prompt, onClose }: { of: Prompt | null; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (fields: { name: string; text: string }) =>
      prompt === null
        ? body(api.POST('/api/prompts', { body: fields }))
        : body(api.PATCH('/api/prompts/{id}', { params: { path: { id: prompt.id } }, body: fields })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: promptList.queryKey });
      onClose();
    },
  });
  return (
    <FormDialog
      title={prompt === null ? t('prompts.new') : t('prompts.edit', { name: prompt.name })}
      action={t('save')}
      busy={save.isPending}
      onSubmit={(form) => save.mutate({ name: formText(form, 'name').trim(), text: formText(form, 'text').trim() })}
      onClose={onClose}
    >
      <TextField
        label={t('prompts.name')}
        name="name"
        required
        maxLength={100}
        defaultValue={prompt?.name ?? ''}
        error={save.isError ? explain(save.error) : null}
      />
      <TextArea label={t('prompts.text')} name="text" required rows={8} defaultValue={prompt?.text ?? ''} />
    </FormDialog>
  );
}
