import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../../ui/copy-button';
import { Select, TextField } from '../../../ui/field';
import { formatNumber } from '../../../ui/format';
import { filterLines, LEVELS, type LevelChoice } from './log-lines';
import { LogLines } from './log-lines-view';
import { useEngineLog } from './use-engine-log';

interface LogViewProps {
  engine: string;
  engines: readonly string[];
  onChoose: (engine: string) => void;
}

export function LogView({ engine, engines, onChoose }: LogViewProps) {
  const { t } = useTranslation();
  const lines = useEngineLog(engine);
  const [text, setText] = useState('');
  const [level, setLevel] = useState<LevelChoice>('all');
  const [follow, setFollow] = useState(true);
  const shown = filterLines(lines, { text, level });
  return (
    <section className="grid gap-3">
      <div className="grid items-end gap-3 sm:grid-cols-[1fr_2fr_1fr]">
        <Select
          label={t('models.fit.engine')}
          value={engine}
          onChoose={onChoose}
          options={engines.map((id) => [id, id] as const)}
        />
        <TextField
          label={t('models.log.filter')}
          type="search"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Select
          label={t('models.log.level')}
          value={level}
          onChoose={setLevel}
          options={LEVELS.map((choice) => [choice, t(`models.log.${choice}`)] as const)}
        />
      </div>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 text-sm text-subtle">
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={follow}
            onChange={(event) => setFollow(event.target.checked)}
          />
          {t('models.log.follow')}
        </label>
        <span className="flex items-center gap-1">
          <span role="status" className="tabular-nums">
            {t('models.log.count', { shown: formatNumber(shown.length), all: formatNumber(lines.length) })}
          </span>
          <CopyButton text={shown.map((line) => line.text).join('\n')} label={t('models.log.copy')} />
        </span>
      </div>
      <LogLines lines={shown} follow={follow} onLeaveEnd={() => setFollow(false)} />
    </section>
  );
}
