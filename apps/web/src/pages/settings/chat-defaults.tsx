import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { me } from '../../api/me';
import { Button } from '../../ui/button';
import { showFailure, toast } from '../../ui/toast';
import { TextArea, TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';
import { servedModels } from '../chat/served-models';
import { Section } from './section';

/** The model and the system prompt that a new conversation begins with. */
export function ChatDefaults() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const mine = useQuery(me).data;
  const served = useQuery(servedModels);
  const save = useMutation({
    mutationFn: (change: { defaultModel: string | null; defaultSystemPrompt: string | null }) =>
      body(api.PATCH('/api/me', { body: change })),
    onSuccess: (changed) => {
      queries.setQueryData(me.queryKey, changed);
      toast('good', t('saved'));
    },
    onError: showFailure,
  });
  if (mine === undefined) return null;
  return (
    <Section title={t('settings.chat')}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const text = (name: string): string | null => formText(form, name).trim() || null;
          save.mutate({ defaultModel: text('model'), defaultSystemPrompt: text('prompt') });
        }}
      >
        <TextField
          label={t('settings.defaultModel')}
          name="model"
          list="models"
          placeholder="default"
          defaultValue={mine.defaultModel ?? ''}
          hint={t('settings.defaultModelHint')}
        />
        <datalist id="models">
          {served.data?.map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <TextArea
          label={t('settings.defaultPrompt')}
          name="prompt"
          rows={4}
          defaultValue={mine.defaultSystemPrompt ?? ''}
        />
        <div>
          <Button type="submit" busy={save.isPending}>
            {t('save')}
          </Button>
        </div>
      </form>
    </Section>
  );
}
