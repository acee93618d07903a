import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Gauge } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import { Button } from '../../../ui/button';
import { Select } from '../../../ui/field';
import { Notice } from '../../../ui/page';
import { showFailure } from '../../../ui/toast';
import { BenchmarkCard } from './benchmark-card';

const RUNNING_EVERY_MS = 2_000;
const IDLE_EVERY_MS = 15_000;

const benchmarksQuery = queryOptions({
  queryKey: ['benchmarks'],
  queryFn: () => body(api.GET('/api/models/benchmarks')),
  refetchInterval: ({ state }) =>
    state.data?.items.some((run) => run.state === 'running') === true ? RUNNING_EVERY_MS : IDLE_EVERY_MS,
});

/** What was measured, newest first, each benchmark beside the last one of its profile. */
export function BenchmarksPage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const benchmarks = useQuery(benchmarksQuery);
  const [profile, setProfile] = useState('');
  const start = useMutation({
    mutationFn: () => body(api.POST('/api/models/benchmarks', { body: {} })),
    onSuccess: () => queries.invalidateQueries({ queryKey: benchmarksQuery.queryKey }),
    onError: showFailure,
  });
  const all = benchmarks.data?.items ?? [];
  const profiles = [...new Set(all.map((run) => run.profile))].toSorted();
  const items = all.filter((run) => profile === '' || run.profile === profile);
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <p className="max-w-prose flex-1 basis-72 text-sm text-subtle">{t('models.benchmark.what')}</p>
        <Button busy={start.isPending || all.some((run) => run.state === 'running')} onClick={() => start.mutate()}>
          <Gauge aria-hidden className="size-4" /> {t('models.benchmark.start')}
        </Button>
      </div>
      {benchmarks.isError && <Notice tone="danger">{benchmarks.error.message}</Notice>}
      {benchmarks.isSuccess && all.length === 0 && <Notice>{t('models.benchmark.none')}</Notice>}
      {profiles.length > 1 && (
        <Select
          label={t('models.benchmark.profile')}
          value={profile}
          onChoose={setProfile}
          options={[['', t('models.benchmark.every')], ...profiles.map((name) => [name, name] as const)]}
        />
      )}
      <ul className="grid gap-3">
        {items.map((run) => (
          <BenchmarkCard key={run.id} of={run} />
        ))}
      </ul>
    </>
  );
}
