import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { Select, TextArea, TextField } from '../../ui/field';
import { FormDialog } from '../../ui/form-dialog';
import { formText } from '../../ui/form-text';
import { showFailure, toast } from '../../ui/toast';
import { SAMPLING, type ChatOptions, type PromptChoice, type Sampling } from './chat-options';
import { promptList } from './prompts';

interface OptionsDialogProps {
  options: ChatOptions;
  onChoose: (change: Partial<ChatOptions>) => Promise<void>;
  onClose: () => void;
}

const DEFAULT = 'default';
const NONE = 'none';
const OWN = 'own';

/** System prompt and sampling of one conversation. */
export function OptionsDialog({ options, onChoose, onClose }: OptionsDialogProps) {
  const { t } = useTranslation();
  const [choice, setChoice] = useState(choiceOf(options));
  const [text, setText] = useState(options.systemPrompt ?? '');
  const saved = useQuery(promptList);
  const save = useMutation({ mutationFn: onChoose, onSuccess: onClose, onError: showFailure });
  const library = saved.data?.find((one) => one.id === choice);
  return (
    <FormDialog
      title={t('options.title')}
      action={t('save')}
      busy={save.isPending}
      onSubmit={(form) => save.mutate({ ...promptOf(choice, text), parameters: samplingOf(form) })}
      onClose={onClose}
    >
      <div className="grid gap-3">
        <Select
          label={t('options.prompt')}
          value={choice}
          onChoose={setChoice}
          options={[
            [DEFAULT, t('options.promptDefault')],
            [NONE, t('options.promptNone')],
            [OWN, t('options.promptOwn')],
            ...(saved.data ?? []).map(
              ({ id: key, name, shared }) => [key, shared ? t('options.sharedPrompt', { name }) : name] as const,
            ),
          ]}
        />
        {choice === OWN && (
          <TextArea
            label={t('options.ownText')}
            rows={5}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
        {library !== undefined && (
          <p className="max-h-32 overflow-y-auto rounded-lg bg-sunken px-3 py-2 text-sm whitespace-pre-wrap text-subtle">
            {library.text}
          </p>
        )}
        <div className="flex flex-wrap items-center justify-between gap-2 text-sm">
          <Link to="/settings" className="text-accent underline underline-offset-2">
            {t('options.managePrompts')}
          </Link>
          {choice === OWN && text.trim() !== '' && <SavePrompt text={text} onSaved={setChoice} />}
        </div>
      </div>
      <fieldset className="grid grid-cols-2 gap-3">
        <legend className="mb-1 text-sm font-medium">{t('options.sampling')}</legend>
        <p className="col-span-2 mb-1 text-xs text-subtle">{t('options.samplingHint')}</p>
        {SAMPLING.map(({ name, min, max, step }) => (
          <TextField
            key={name}
            label={t(`options.${name}`)}
            name={name}
            type="number"
            inputMode="decimal"
            min={min}
            max={max}
            step={step}
            placeholder={t('options.ofTheModel')}
            defaultValue={options.parameters[name] ?? ''}
          />
        ))}
      </fieldset>
    </FormDialog>
  );
}

/** Puts the text into the library under its first words, and chooses it from there. */
function SavePrompt({ text, onSaved }: { text: string; onSaved: (id: string) => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const keep = useMutation({
    mutationFn: () => body(api.POST('/api/prompts', { body: { name: firstWords(text), text: text.trim() } })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: promptList.queryKey });
      onSaved(made.id);
      toast('good', t('saved'));
    },
    onError: showFailure,
  });
  return (
    <Button look="quiet" busy={keep.isPending} onClick={() => keep.mutate()}>
      {t('options.savePrompt')}
    </Button>
  );
}

function firstWords(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}

function choiceOf({ systemPrompt, promptId }: PromptChoice): string {
  if (systemPrompt === '') return NONE;
  if (systemPrompt !== null) return OWN;
  return promptId ?? DEFAULT;
}

function promptOf(choice: string, text: string): PromptChoice {
  if (choice === DEFAULT) return { systemPrompt: null, promptId: null };
  if (choice === NONE) return { systemPrompt: '', promptId: null };
  if (choice === OWN) return { systemPrompt: text.trim(), promptId: null };
  return { systemPrompt: null, promptId: choice };
}

/** Empty fields are left out: the model's own. */
function samplingOf(form: FormData): Sampling {
  return Object.fromEntries(
    SAMPLING.flatMap(({ name }) => {
      const value = formText(form, name).trim();
      return value === '' ? [] : [[name, Number(value)]];
    }),
  );
}
