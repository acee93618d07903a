import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { Dialog } from '../../ui/dialog';
import { explain } from '../../ui/explain';
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
  if (make.data !== undefined) return <MadeKey secret={make.data.key} onClose={onClose} />;
  return (
    <Dialog title={t('keys.new')} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(readKeyForm(new FormData(event.currentTarget)));
        }}
      >
        <KeyForm of={null} error={make.isError ? explain(make.error) : null} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" busy={make.isPending}>
            {t('keys.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function MadeKey({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('keys.made')} onClose={onClose}>
      <p className="text-sm">{t('keys.shownOnce')}</p>
      <p className="flex items-center gap-2 rounded-lg bg-sunken px-3 py-2">
        <code className="flex-1 text-sm break-all" data-testid="new-key">
          {secret}
        </code>
        <CopyButton text={secret} label={t('keys.copy')} />
      </p>
      <Samples apiKey={secret} />
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}
