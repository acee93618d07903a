import { useTranslation } from 'react-i18next';

/** nvidia-smi's words, and what they mean for tensor parallelism. */
const KNOWN = /^(NV|PIX|PXB|PHB|NODE|SYS)/;

/** How each pair of GPUs is connected. */
export function Topology({ of: rows }: { of: readonly (readonly string[])[] }) {
  const { t } = useTranslation();
  const kinds = [...new Set(rows.flat().flatMap((link) => KNOWN.exec(link)?.[1] ?? []))];
  return (
    <section className="grid gap-3 rounded-2xl border border-line bg-raised p-4 sm:p-5">
      <h3 className="font-semibold">{t('models.hardware.topology')}</h3>
      <div className="relative overflow-x-auto" tabIndex={0} role="region" aria-label={t('models.hardware.topology')}>
        <table className="text-sm">
          <thead>
            <tr>
              <td />
              {rows.map((_, index) => (
                <th key={index} scope="col" className="px-4 py-1 text-xs font-medium whitespace-nowrap text-subtle">
                  {t('models.gpu', { index })}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((links, index) => (
              <tr key={index} className="border-t border-line">
                <th scope="row" className="py-1 pr-4 text-left text-xs font-medium whitespace-nowrap text-subtle">
                  {t('models.gpu', { index })}
                </th>
                {links.map((link, column) => (
                  <td key={column} className="px-4 py-1 text-center font-mono">
                    {column === index ? '–' : link}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="text-sm text-subtle">
        {kinds.map((kind) => (
          <li key={kind}>
            <code className="font-mono">{kind}</code>: {t(`models.link.${kind}`)}
          </li>
        ))}
      </ul>
    </section>
  );
}
