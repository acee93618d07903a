import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button';
import { Select, TextField } from '../../ui/field';
import type { Names } from './names';
import { dayOf, daysUntil, OUTCOMES, type changeView, type UsageView } from './usage-query';

interface FilterBarProps {
  view: UsageView;
  names: Names;
  onChange: (change: Parameters<typeof changeView>[1]) => void;
}

const RANGES = [7, 30, 90] as const;

/** Range and filters; all of them stand in the address. */
export function FilterBar({ view, names, onChange }: FilterBarProps) {
  const { t } = useTranslation();
  const all: [string, string] = ['', t('usage.all')];
  const filtered = [view.user, view.key, view.model, view.outcome].some((filter) => filter !== null);
  return (
    <section aria-label={t('usage.filters')} className="grid grid-cols-2 items-end gap-3 sm:flex sm:flex-wrap">
      <TextField
        label={t('usage.from')}
        type="date"
        value={view.from}
        max={view.to}
        onChange={({ target }) => onChange({ from: target.value })}
      />
      <TextField
        label={t('usage.to')}
        type="date"
        value={view.to}
        min={view.from}
        onChange={({ target }) => onChange({ to: target.value })}
      />
      <div className="col-span-2 flex gap-1">
        {RANGES.map((days) => (
          <Button key={days} look="quiet" onClick={() => onChange(daysUntil(new Date(), days))}>
            {t('usage.lastDays', { count: days })}
          </Button>
        ))}
        <Button
          look="quiet"
          onClick={() => onChange({ from: `${dayOf(new Date()).slice(0, 7)}-01`, to: dayOf(new Date()) })}
        >
          {t('usage.thisMonth')}
        </Button>
      </div>
      <div className="col-span-2 grid grid-cols-2 items-end gap-3 sm:flex sm:flex-wrap">
        {names.isAdmin && (
          <Select
            label={t('usage.group.user')}
            value={view.user ?? ''}
            onChoose={(user) => onChange({ user })}
            options={[all, ...names.users.map(({ id, email }) => [id, email] as const)]}
          />
        )}
        <Select
          label={t('usage.group.key')}
          value={view.key ?? ''}
          onChoose={(key) => onChange({ key })}
          options={[all, ...names.keys.map(({ id, name }) => [id, name] as const)]}
        />
        <TextField
          label={t('usage.group.model')}
          placeholder={t('usage.all')}
          defaultValue={view.model ?? ''}
          key={view.model}
          onBlur={({ target }) => onChange({ model: target.value.trim() })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur();
          }}
        />
        <Select
          label={t('usage.outcome')}
          value={view.outcome ?? ''}
          onChoose={(outcome) => onChange({ outcome })}
          options={[all, ...OUTCOMES.map((outcome) => [outcome, t(`usage.outcomes.${outcome}`)] as const)]}
        />
        {filtered && (
          <Button look="quiet" onClick={() => onChange({ user: null, key: null, model: null, outcome: null })}>
            <X aria-hidden className="size-4" /> {t('usage.clear')}
          </Button>
        )}
      </div>
    </section>
  );
}
