import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil, Plus, Star, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { showFailure } from '../../ui/toast';
import { promptList, type Prompt } from '../chat/prompts';
import { PromptDialog } from './prompt-dialog';
import { Section } from './section';

type Doing = { what: 'new' } | { what: 'edit' | 'delete'; prompt: Prompt };

/** The user's library of system prompts: each conversation can take one, and one may be the default. */
export function SavedPrompts() {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const queries = useQueryClient();
  const prompts = useQuery(promptList);
  const refresh = () => queries.invalidateQueries({ queryKey: promptList.queryKey });
  const remove = useMutation({
    mutationFn: ({ id }: Prompt) => api.DELETE('/api/prompts/{id}', { params: { path: { id } } }),
    onSuccess: refresh,
    onError: showFailure,
    onSettled: () => setDoing(null),
  });
  const setDefault = useMutation({
    mutationFn: ({ id, isDefault }: Prompt) =>
      api.PATCH('/api/prompts/{id}', { params: { path: { id } }, body: { isDefault: !isDefault } }),
    onSuccess: refresh,
    onError: showFailure,
  });
  const close = (): void => setDoing(null);
  return (
    <Section title={t('prompts.title')}>
      <p className="text-sm text-subtle">{t('prompts.what')}</p>
      {prompts.data !== undefined && prompts.data.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line">
          {prompts.data.map((prompt) => (
            <li key={prompt.id} className="flex items-center gap-2 px-3 py-2">
              <div className="min-w-0 flex-1">
                <p className="truncate text-sm font-medium">
                  {prompt.name}
                  {prompt.shared && <span className="font-normal text-subtle"> · {t('prompts.shared')}</span>}
                  {prompt.isDefault && <span className="font-normal text-accent"> · {t('prompts.isDefault')}</span>}
                </p>
                <p className="truncate text-xs text-subtle">{prompt.text}</p>
              </div>
              {!prompt.shared && (
                <>
                  <IconButton
                    label={t(prompt.isDefault ? 'prompts.noDefault' : 'prompts.makeDefault', { name: prompt.name })}
                    aria-pressed={prompt.isDefault}
                    onClick={() => setDefault.mutate(prompt)}
                  >
                    <Star aria-hidden className={`size-4 ${prompt.isDefault ? 'fill-accent text-accent' : ''}`} />
                  </IconButton>
                  <IconButton
                    label={t('prompts.edit', { name: prompt.name })}
                    onClick={() => setDoing({ what: 'edit', prompt })}
                  >
                    <Pencil aria-hidden className="size-4" />
                  </IconButton>
                  <IconButton
                    label={t('prompts.delete', { name: prompt.name })}
                    onClick={() => setDoing({ what: 'delete', prompt })}
                  >
                    <Trash2 aria-hidden className="size-4" />
                  </IconButton>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button onClick={() => setDoing({ what: 'new' })}>
          <Plus aria-hidden className="size-4" /> {t('prompts.new')}
        </Button>
      </div>
      {doing?.what === 'new' && <PromptDialog of={null} onClose={close} />}
      {doing?.what === 'edit' && <PromptDialog of={doing.prompt} onClose={close} />}
      {doing?.what === 'delete' && (
        <Confirm
          title={t('prompts.delete', { name: doing.prompt.name })}
          what={t('prompts.deleteWhat')}
          action={t('chat.deleteDo')}
          busy={remove.isPending}
          onConfirm={() => remove.mutate(doing.prompt)}
          onClose={close}
        />
      )}
    </Section>
  );
}
