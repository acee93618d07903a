import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import { Button } from '../../../ui/button';
import { explain } from '../../../ui/explain';
import { TextField } from '../../../ui/field';
import { CheckField } from './check-field';

const EXAMPLE = 'https://llm.example.com/v1';

export interface Server {
  url: string;
  model: string;
  /** Undefined: the stored one stays. Null: none any more. */
  key: string | null | undefined;
}

/** What a request says of the key: nothing, where the stored one stays. */
export function keyChange({ key }: Pick<Server, 'key'>): { key?: string | null } {
  return key === undefined ? {} : { key };
}

interface ServerFieldsProps {
  of: Server;
  onChange: (server: Server) => void;
  hasKey: boolean;
  takesKeys: boolean;
}

/** Another server. Its key can be given and taken away, and is never shown. */
export function ServerFields({ of: server, onChange, hasKey, takesKeys }: ServerFieldsProps) {
  const { t } = useTranslation();
  const list = useMutation({
    mutationFn: () => body(api.POST('/api/hints/models', { body: { url: server.url.trim(), ...keyChange(server) } })),
  });
  const keyHint = !takesKeys ? t('hints.keyImpossible') : hasKey ? t('hints.keyStored') : t('hints.keyNone');
  return (
    <>
      <TextField
        label={t('hints.url')}
        hint={t('hints.urlHint')}
        type="url"
        required
        placeholder={EXAMPLE}
        value={server.url}
        error={list.isError ? explain(list.error) : null}
        onChange={(event) => onChange({ ...server, url: event.target.value })}
      />
      <TextField
        label={t('hints.key')}
        hint={keyHint}
        type="password"
        autoComplete="off"
        disabled={!takesKeys || server.key === null}
        value={server.key ?? ''}
        onChange={(event) => onChange({ ...server, key: event.target.value === '' ? undefined : event.target.value })}
      />
      {hasKey && (
        <CheckField
          label={t('hints.removeKey')}
          checked={server.key === null}
          onChange={(removed) => onChange({ ...server, key: removed ? null : undefined })}
        />
      )}
      <TextField
        label={t('hints.apiModel')}
        required
        list="hint-models"
        value={server.model}
        onChange={(event) => onChange({ ...server, model: event.target.value })}
      />
      <datalist id="hint-models">
        {list.data?.models.map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <div className="flex flex-wrap items-center gap-3">
        <Button busy={list.isPending} disabled={server.url.trim() === ''} onClick={() => list.mutate()}>
          {t('hints.listModels')}
        </Button>
        <p role="status" className="text-sm text-subtle">
          {list.data !== undefined && t('hints.models', { count: list.data.models.length })}
        </p>
      </div>
    </>
  );
}
