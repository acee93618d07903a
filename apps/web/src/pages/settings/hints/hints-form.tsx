import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import type { components } from '../../../api/schema';
import { Button } from '../../../ui/button';
import { Select } from '../../../ui/field';
import { showFailure, toast } from '../../../ui/toast';
import { servedModels } from '../../chat/served-models';
import { Section } from '../section';
import { CheckField } from './check-field';
import { hintSettings, type GivenSettings } from './hint-settings';
import { HintTest } from './hint-test';
import { keyChange, ServerFields, type Server } from './server-fields';

type Settings = components['schemas']['HintSettingsDto'];
type Mode = Settings['mode'];

const MODES = ['vllm', 'api', 'local'] as const satisfies readonly Mode[];

/** One that is half filled in is nobody's, while another mode is chosen. */
function serverToStore(mode: Mode, given: Server) {
  const server = { url: given.url.trim(), model: given.model.trim(), ...keyChange(given) };
  return mode === 'api' || (server.url !== '' && server.model !== '') ? server : null;
}

/** The settings as they are in force, to be changed. */
export function HintsForm({ of: settings }: { of: Settings }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [mode, setMode] = useState<Mode>(settings.mode);
  const [model, setModel] = useState(settings.model ?? '');
  const [localWhenAway, setLocalWhenAway] = useState(settings.localWhenAway);
  const [server, setServer] = useState<Server>({
    url: settings.api?.url ?? '',
    model: settings.api?.model ?? '',
    key: undefined,
  });
  const given: GivenSettings = {
    mode,
    localWhenAway,
    model: model === '' ? null : model,
    api: serverToStore(mode, server),
  };
  const served = useQuery(servedModels).data ?? [];
  const save = useMutation({
    mutationFn: () =>
      body(
        api.PUT('/api/hints/settings', {
          body: given,
        }),
      ),
    onSuccess: (stored) => {
      queries.setQueryData(hintSettings.queryKey, stored);
      toast('good', t('saved'));
    },
    onError: showFailure,
  });
  const models = model === '' || served.includes(model) ? served : [model, ...served];
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Section title={t('hints.mode')}>
          <Select
            label={t('hints.mode')}
            hint={t(`hints.modeWhat.${mode}`)}
            value={mode}
            onChoose={setMode}
            options={MODES.map((choice) => [choice, t(`hints.modes.${choice}`)] as const)}
          />
          {mode === 'vllm' && (
            <Select
              label={t('hints.model')}
              value={model}
              onChoose={setModel}
              options={[['', t('hints.inForce')], ...models.map((id) => [id, id] as const)]}
            />
          )}
          {mode === 'api' && (
            <ServerFields
              of={server}
              onChange={setServer}
              hasKey={settings.api?.hasKey ?? false}
              takesKeys={settings.takesKeys}
            />
          )}
          {mode !== 'local' && (
            <CheckField
              label={t('hints.localWhenAway')}
              hint={t('hints.localWhenAwayHint')}
              checked={localWhenAway}
              onChange={setLocalWhenAway}
            />
          )}
          <div>
            <Button type="submit" look="primary" busy={save.isPending}>
              {t('save')}
            </Button>
          </div>
        </Section>
      </form>
      <HintTest of={given} />
    </>
  );
}
