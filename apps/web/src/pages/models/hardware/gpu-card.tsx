import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatNumber } from '../../../ui/format';
import { formatGib } from '../format';
import { Legend, MemoryBar } from '../memory-bar';
import type { Gpu } from '../queries';
import { cardMemory } from './card-memory';

/** Less than a twentieth of a GiB would be called 0.0 GiB. */
const SHOWN_MIB = 52;

const gibOf = (mib: number): number => mib / 1_024;

/** One card: its memory by owner, and the processes that hold it. */
export function GpuCard({ of: gpu }: { of: Gpu }) {
  const { t } = useTranslation();
  const parts = cardMemory(gpu)
    .filter(({ mib }) => mib >= SHOWN_MIB)
    .map(({ owner, mib }) => ({
      name: owner,
      gib: gibOf(mib),
      label: `${t(`models.owner.${owner}`)} ${formatGib(gibOf(mib))}`,
    }));
  const title = t('models.gpu', { index: gpu.index });
  return (
    <section className="grid min-w-0 content-start gap-3 rounded-2xl border border-line bg-raised p-4 sm:p-5">
      <header className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="font-semibold">
          {title} <span className="font-normal text-subtle">{gpu.name}</span>
        </h3>
        <span className="text-sm text-subtle tabular-nums">
          {t('models.fit.taken', {
            taken: formatGib(gibOf(gpu.totalMib - gpu.freeMib)),
            total: formatGib(gibOf(gpu.totalMib)),
          })}
        </span>
      </header>
      <MemoryBar
        label={`${title}: ${parts.map(({ label }) => label).join(', ')}`}
        parts={parts}
        scaleGib={gibOf(gpu.totalMib)}
      />
      <Legend parts={parts} />
      {gpu.throttleReasons.length > 0 && (
        <p className="flex items-center gap-1.5 text-sm text-warning">
          <TriangleAlert aria-hidden className="size-4 shrink-0" />
          {t('models.hardware.throttled', {
            reasons: gpu.throttleReasons.map((reason) => t(`models.throttle.${reason}`)).join(', '),
          })}
        </p>
      )}
      <Processes of={gpu} />
    </section>
  );
}

function Processes({ of: { processes } }: { of: Gpu }) {
  const { t } = useTranslation();
  if (processes.length === 0) return <p className="text-sm text-subtle">{t('models.hardware.noProcess')}</p>;
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">{t('models.hardware.processes')}</caption>
      <thead>
        <tr className="text-left text-xs text-subtle">
          <th scope="col" className="py-1 font-medium">
            {t('models.hardware.process')}
          </th>
          <th scope="col" className="py-1 font-medium">
            {t('models.hardware.owner')}
          </th>
          <th scope="col" className="py-1 text-right font-medium">
            {t('models.hardware.memory')}
          </th>
        </tr>
      </thead>
      <tbody>
        {processes
          .toSorted((a, b) => b.usedMib - a.usedMib)
          .map(({ pid, name, owner, usedMib }) => (
            <tr key={`${pid}.${name}`} className="border-t border-line">
              <td className="py-1 pr-3">
                {name} <span className="text-subtle tabular-nums">{pid}</span>
              </td>
              <td className="py-1 pr-3 whitespace-nowrap">{t(`models.owner.${owner}`)}</td>
              <td className="py-1 text-right whitespace-nowrap tabular-nums">{formatNumber(usedMib)} MiB</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
