import { useTranslation } from 'react-i18next';
import { formatGib, formatGibRange } from '../format';
import { Legend, MemoryBar, Swatch } from '../memory-bar';
import { fitBarParts, PARTS, type FitBarParts, type GpuFit } from './fit-parts';

/** One bar a GPU: what the engine would take there, what others hold, what stays free. */
export function FitBars({ gpus }: { gpus: readonly GpuFit[] }) {
  return (
    <ul className="grid gap-2.5">
      {gpus.map((gpu) => (
        <li key={`${gpu.engine}.${gpu.index}`}>
          <FitBar gpu={gpu} />
        </li>
      ))}
    </ul>
  );
}

function FitBar({ gpu }: { gpu: GpuFit }) {
  const { t } = useTranslation();
  const drawn = fitBarParts(gpu);
  const labels = drawn.parts
    .filter(({ gib }) => gib > 0)
    .map(({ name, range }) => `${t(`models.part.${name}`)} ${formatGibRange(range)}`);
  const marks = [
    ...(drawn.overGib > 0
      ? [{ atGib: gpu.totalGib, label: t('models.fit.cardEnds', { gib: formatGib(gpu.totalGib) }) }]
      : []),
    ...(drawn.missingGib === null
      ? []
      : [{ atGib: gpu.budgetGib, label: t('models.fit.budgetEnds', { gib: formatGib(gpu.budgetGib) }) }]),
  ];
  return (
    <div className="grid gap-1">
      <div className="flex flex-wrap justify-between gap-x-3 text-xs text-subtle">
        <span>{t('models.gpu', { index: gpu.index })}</span>
        <span className={drawn.overGib > 0 || drawn.missingGib !== null ? 'text-danger' : ''}>
          <Remark gpu={gpu} drawn={drawn} />
        </span>
      </div>
      <MemoryBar
        label={`${t('models.gpu', { index: gpu.index })}: ${[...labels, ...marks.map(({ label }) => label)].join(', ')}`}
        parts={drawn.parts.map(({ name, range, gib }) => ({
          name,
          gib,
          label: `${t(`models.part.${name}`)} ${formatGibRange(range)}`,
        }))}
        scaleGib={drawn.scaleGib}
        marks={marks}
      />
    </div>
  );
}

function Remark({ gpu, drawn }: { gpu: GpuFit; drawn: FitBarParts }) {
  const { t } = useTranslation();
  if (drawn.missingGib !== null) return t('models.fit.missing', { gib: formatGibRange(drawn.missingGib) });
  if (drawn.overGib > 0) return t('models.fit.over', { gib: formatGib(drawn.overGib) });
  const free = drawn.parts.find(({ name }) => name === 'free')?.gib ?? 0;
  return t('models.fit.taken', { taken: formatGib(gpu.totalGib - free), total: formatGib(gpu.totalGib) });
}

export function FitLegend() {
  const { t } = useTranslation();
  return <Legend parts={PARTS.map((name) => ({ name, label: t(`models.part.${name}`) }))} />;
}

/** The bars as figures: lowest and highest that a boot is expected to give. */
export function FitFigures({ gpus }: { gpus: readonly GpuFit[] }) {
  const { t } = useTranslation();
  const columns = gpus.map((gpu) => ({ gpu, drawn: fitBarParts(gpu) }));
  return (
    <div className="relative overflow-x-auto" tabIndex={0} role="region" aria-label={t('models.fit.figures')}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-left text-xs text-subtle">
            <th scope="col" className="py-1.5 pr-4 font-medium">
              {t('models.fit.part')}
            </th>
            {columns.map(({ gpu }) => (
              <th key={`${gpu.engine}.${gpu.index}`} scope="col" className="py-1.5 pl-4 text-right font-medium">
                {t('models.gpu', { index: gpu.index })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {PARTS.map((name, row) => (
            <tr key={name} className="border-t border-line">
              <th scope="row" className="py-1.5 pr-4 text-left font-normal">
                <span className="flex items-center gap-2">
                  <Swatch name={name} />
                  <span title={t(`models.partMeans.${name}`)}>{t(`models.part.${name}`)}</span>
                </span>
              </th>
              {columns.map(({ gpu, drawn }) => (
                <td
                  key={`${gpu.engine}.${gpu.index}`}
                  className="py-1.5 pl-4 text-right whitespace-nowrap tabular-nums"
                >
                  {formatGibRange(drawn.parts[row]?.range ?? [0, 0])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
