import { Download, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { saveFile } from '../../api/download';
import { Button, IconButton } from '../../ui/button';
import { formatBytes, formatNumber } from '../../ui/format';
import { showFailure } from '../../ui/toast';
import { downloadCsv, type CsvProgress } from './csv-download';
import { filterOf, type UsageView } from './usage-query';

interface ExportCsvProps {
  view: UsageView;
  /** How many rows the file will have, about: those that still run come on top. Null: not known. */
  expectedRows: number | null;
}

/** Downloads the rows behind the page as CSV, says how far it is, and lets it be cancelled. */
export function ExportCsv({ view, expectedRows }: ExportCsvProps) {
  const { t } = useTranslation();
  const [progress, setProgress] = useState<CsvProgress | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  async function start(): Promise<void> {
    const controller = new AbortController();
    running.current = controller;
    setProgress({ rows: 0, bytes: 0 });
    try {
      const file = await downloadCsv(filterOf(view), controller.signal, setProgress);
      saveFile(file, `tandem-usage-${view.from}-${view.to}.csv`);
    } catch (error) {
      if (!controller.signal.aborted) showFailure(error);
    }
    setProgress(null);
  }

  if (progress === null)
    return (
      <Button onClick={() => void start()}>
        <Download aria-hidden className="size-4" /> {t('usage.csv')}
      </Button>
    );
  const { rows, bytes } = progress;
  return (
    <div className="flex items-center gap-3 text-sm">
      <progress
        aria-label={t('usage.csv')}
        className="w-32"
        {...(expectedRows === null || expectedRows === 0
          ? {}
          : { value: Math.min(rows, expectedRows), max: expectedRows })}
      />
      <span className="text-subtle tabular-nums">
        {t('usage.csvProgress', { rows: formatNumber(rows), size: formatBytes(bytes) })}
      </span>
      <IconButton label={t('cancel')} onClick={() => running.current?.abort()}>
        <X aria-hidden className="size-4" />
      </IconButton>
    </div>
  );
}
