import { useMutation } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api } from '../../../api/client';
import { Button } from '../../../ui/button';
import { formatDateTime, formatNumber } from '../../../ui/format';
import { showFailure } from '../../../ui/toast';
import { ProgressBar } from '../switching/progress-bar';
import { BenchmarkFigures } from './benchmark-figures';
import type { BenchmarkRun } from './comparison';

export function BenchmarkCard({ of: run }: { of: BenchmarkRun }) {
  const { t } = useTranslation();
  const regressions = run.comparison?.regressions ?? 0;
  return (
    <li
      className={`grid min-w-0 gap-3 rounded-2xl border bg-raised p-4 sm:px-5 ${regressions > 0 ? 'border-warning' : 'border-line'}`}
    >
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="font-medium">{run.profile}</h2>
        <span className={`text-sm font-medium ${run.state === 'failed' ? 'text-danger' : 'text-subtle'}`}>
          {t(`models.benchmark.state.${run.state}`)}
        </span>
        <span className="ml-auto text-sm text-subtle tabular-nums">
          {formatDateTime(new Date(run.startedAt).toISOString())} · {t(`models.benchmark.reason.${run.reason}`)}
          {run.state === 'completed' && run.comparison === null && ` · ${t('models.benchmark.first')}`}
        </span>
      </div>
      {run.why !== null && <p className="text-sm">{run.why}</p>}
      {run.state === 'running' && <Running of={run} />}
      {regressions > 0 && (
        <p className="flex items-center gap-1.5 text-sm text-warning">
          <TriangleAlert aria-hidden className="size-4 shrink-0" />
          {t('models.benchmark.regressions', { count: regressions })}
        </p>
      )}
      {run.loads.length > 0 && <BenchmarkFigures of={run} />}
      <Answers of={run} />
    </li>
  );
}

function Running({ of: { id, loads, plannedLoads } }: { of: BenchmarkRun }) {
  const { t } = useTranslation();
  const cancel = useMutation({
    mutationFn: () => api.DELETE('/api/models/benchmarks/{id}', { params: { path: { id } } }),
    onError: showFailure,
  });
  const progress = t('models.benchmark.progress', { done: loads.length, all: plannedLoads });
  return (
    <div className="grid gap-2">
      <ProgressBar label={progress} percent={(100 * loads.length) / Math.max(1, plannedLoads)} />
      <div className="flex flex-wrap items-center justify-between gap-3 text-sm text-subtle">
        {progress}
        <Button busy={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          {t('models.benchmark.cancel')}
        </Button>
      </div>
    </div>
  );
}

function Answers({ of: { answers } }: { of: BenchmarkRun }) {
  const { t } = useTranslation();
  if (answers === null) return null;
  return (
    <p className="text-sm text-subtle">
      {t('models.benchmark.answers', {
        words: formatNumber(answers.words),
        repetition: formatNumber(answers.repetition, 2),
        readability: formatNumber(answers.readability),
      })}
      {answers.suspicious > 0 && (
        <strong className="text-warning"> · {t('models.benchmark.suspicious', { count: answers.suspicious })}</strong>
      )}
    </p>
  );
}
