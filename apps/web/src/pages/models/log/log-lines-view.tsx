import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { LogLine } from './log-lines';

const LINE_PX = 20;
/** Nearer to the end than this is at the end. */
const END_PX = 2 * LINE_PX;

const LOOKS = { info: '', warning: 'text-warning', error: 'text-danger' } as const;

interface LogLinesProps {
  lines: readonly LogLine[];
  /** Stay at the end as lines are added. */
  follow: boolean;
  /** Somebody scrolled up to read. */
  onLeaveEnd: () => void;
}

/** Only the lines that can be seen are in the page. */
export function LogLines({ lines, follow, onLeaveEnd }: LogLinesProps) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const last = lines.at(-1)?.number;
  useEffect(() => {
    if (follow && last !== undefined) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [follow, last]);
  return (
    <div
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={t('models.tab.log')}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        // Following only ever scrolls down.
        if (scrollTop < lastTop.current && scrollHeight - scrollTop - clientHeight > END_PX) onLeaveEnd();
        lastTop.current = scrollTop;
      }}
      className="h-[calc(100dvh-20rem)] min-h-72 overflow-auto rounded-xl border border-line bg-sunken py-2 font-mono text-xs"
    >
      <div className="relative w-max min-w-full" style={{ height: rows.getTotalSize() }}>
        <div style={{ transform: `translateY(${rows.getVirtualItems()[0]?.start ?? 0}px)` }}>
          {rows.getVirtualItems().map(({ index }) => {
            const line = lines[index];
            return line === undefined ? null : (
              <div key={line.number} className={`flex h-5 items-center gap-3 px-3 whitespace-pre ${LOOKS[line.level]}`}>
                <span aria-hidden className="w-10 shrink-0 text-right text-subtle select-none">
                  {line.number}
                </span>
                {line.text === '' ? ' ' : line.text}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
