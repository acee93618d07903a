import { useInfiniteQuery } from '@tanstack/react-query';
import { ArrowRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../../ui/button';
import { formatDateTime, formatDuration } from '../../../ui/format';
import { Notice } from '../../../ui/page';
import { FailureReport } from './failure-report';
import { Outcome } from './outcome';
import { durationMs, phaseSteps, type Switch } from './phase-steps';
import { Phases } from './phases';
import { switchesQuery } from './switch-queries';

/** All switches, newest first: from what to what, how it ended, how long each step took, and why it failed. */
export function SwitchesPage() {
  const { t } = useTranslation();
  const switches = useInfiniteQuery(switchesQuery);
  const items = switches.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {switches.isError && <Notice tone="danger">{switches.error.message}</Notice>}
      {switches.isSuccess && items.length === 0 && <Notice>{t('models.switch.none')}</Notice>}
      <ul className="grid gap-3">
        {items.map((one) => (
          <PastSwitch key={one.id} of={one} />
        ))}
      </ul>
      {switches.hasNextPage && (
        <Button
          className="justify-self-center"
          busy={switches.isFetchingNextPage}
          onClick={() => void switches.fetchNextPage()}
        >
          {t('models.switch.more')}
        </Button>
      )}
    </>
  );
}

function PastSwitch({ of: one }: { of: Switch }) {
  const { t } = useTranslation();
  return (
    <li className="grid gap-3 rounded-2xl border border-line bg-raised p-4 sm:px-5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="flex min-w-0 flex-wrap items-center gap-x-2 font-medium">
          {one.from ?? t('models.none')}
          <ArrowRight role="img" aria-label={t('models.switch.to')} className="size-4 text-subtle" />
          {one.to}
        </h2>
        <Outcome of={one} />
        <span className="ml-auto text-sm text-subtle tabular-nums">
          {formatDateTime(one.startedAt)}
          {one.endedAt !== null && ` · ${formatDuration(durationMs(one, 0))}`}
          {one.requestedBy === null && ` · ${t('models.switch.byItself')}`}
        </span>
      </div>
      <Phases steps={phaseSteps(one)} />
      {one.failure !== null && (
        <details className="text-sm">
          <summary className="cursor-pointer text-subtle hover:text-text">{t('models.switch.why')}</summary>
          <div className="pt-2">
            <FailureReport of={one.failure} />
          </div>
        </details>
      )}
    </li>
  );
}
