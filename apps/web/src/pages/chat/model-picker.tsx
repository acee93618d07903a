import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, body } from '../../api/client';
import { me } from '../../api/me';
import { useModelsStatus } from '../../api/models-status';
import { useSession } from '../../api/session';
import { formatNumber } from '../../ui/format';
import { Menu, type MenuItem } from '../../ui/menu';
import { modelChoices, type ModelChoice } from './model-choices';
import { servedModels } from './served-models';

const DOTS: Readonly<Record<ModelChoice['state'], string>> = {
  ready: 'bg-good',
  loading: 'animate-pulse bg-warning',
  draining: 'animate-pulse bg-warning',
  failed: 'bg-danger',
  available: 'border border-subtle',
};

const profileList = {
  queryKey: ['profiles', 'names'],
  queryFn: async () => (await body(api.GET('/api/profiles'))).items.map(({ name, aliases }) => ({ name, aliases })),
  staleTime: 60_000,
};

interface ModelPickerProps {
  /** Null: the one of the user's settings, else whatever is in force. */
  value: string | null;
  onChoose: (model: string | null) => void;
}

/** The model that answers next, with what each of them does now. */
export function ModelPicker({ value, onChoose }: ModelPickerProps) {
  const { t } = useTranslation();
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  const status = useModelsStatus();
  const served = useQuery(servedModels);
  const profiles = useQuery(profileList);
  const choices = modelChoices(status.data?.engines ?? [], served.data ?? [], profiles.data ?? []);
  const usual = useQuery(me).data?.defaultModel ?? null;
  const shown = choices.find(({ id }) => id === (value ?? usual)) ?? (value === null ? choices[0] : undefined);
  const items: MenuItem<string | null>[] = [
    { value: null, name: usual === null ? t('chat.modelInForce') : t('chat.yourModel', { model: usual }) },
    ...choices.map((choice) => ({
      value: choice.id,
      name: choice.id,
      disabled: choice.state === 'available',
      detail: <State of={choice} />,
    })),
  ];
  if (value !== null && !choices.some(({ id }) => id === value)) items.push({ value, name: value });
  return (
    <Menu
      label={t('chat.model')}
      value={value}
      items={items}
      onChoose={onChoose}
      footer={
        isAdmin && (
          <Link
            to="/models"
            className="mt-1 block rounded-lg border-t border-line px-3 py-2 text-sm text-accent hover:bg-sunken"
          >
            {t('chat.switchModel')}
          </Link>
        )
      }
    >
      <span aria-hidden className={`size-2 shrink-0 rounded-full ${DOTS[shown?.state ?? 'available']}`} />
      <span className="truncate">{value ?? usual ?? shown?.id ?? t('chat.modelInForce')}</span>
      {shown?.state === 'loading' && <span className="shrink-0 text-subtle">{stateText(shown, t)}</span>}
      <ChevronDown aria-hidden className="size-4 shrink-0 text-subtle" />
    </Menu>
  );
}

function State({ of: choice }: { of: ModelChoice }) {
  const { t } = useTranslation();
  return (
    <span className="flex shrink-0 items-center gap-2 text-xs font-normal text-subtle">
      <span aria-hidden className={`size-2 rounded-full ${DOTS[choice.state]}`} />
      {stateText(choice, t)}
    </span>
  );
}

function stateText({ state, percent }: ModelChoice, t: TFunction): string {
  return state === 'loading' && percent !== null
    ? t('chat.modelLoading', { percent: formatNumber(percent) })
    : t(`chat.modelState.${state}`);
}
