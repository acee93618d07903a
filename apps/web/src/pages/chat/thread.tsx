import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button';
import { formatNumber } from '../../ui/format';
import type { Message } from './conversations';
import type { LiveAnswer, Problem } from './live-answers';
import { AnswerText, MessageView, Question } from './message-view';
import type { Step } from './message-tree';

/** A guess; each row is measured when it is seen. */
const ROW_PX = 160;
/** So near to the end counts as being there. */
const AT_END_PX = 80;

interface ThreadProps {
  steps: readonly Step<Message>[];
  live: LiveAnswer | null;
  onBranch: (id: string) => void;
  onEdit: (message: Message, text: string) => void;
  onRegenerate: (answer: Message) => void;
  onRetry: () => void;
}

/** The shown path, of which only what is in view is in the page, and the answer that is being written. */
export function Thread({ steps, live, onBranch, onEdit, onRegenerate, onRetry }: ThreadProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => steps[index]?.message.id ?? index,
    overscan: 4,
  });
  const follow = useFollowedEnd(scroller, [steps.length, rows.getTotalSize(), live]);
  const idle = live === null || !live.running;
  return (
    <div ref={scroller} onScroll={follow} className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]">
      <div className="mx-auto w-full max-w-3xl px-4 py-6">
        <div className="relative w-full" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const step = steps[index];
            if (step === undefined) return null;
            return (
              <div
                key={key}
                ref={rows.measureElement}
                data-index={index}
                className="absolute inset-x-0 pb-6"
                style={{ transform: `translateY(${start}px)` }}
              >
                <MessageView
                  step={step}
                  canChange={idle}
                  onBranch={onBranch}
                  onEdit={(text) => onEdit(step.message, text)}
                  onRegenerate={() => onRegenerate(step.message)}
                />
              </div>
            );
          })}
        </div>
        {live !== null && <LiveView live={live} onRetry={onRetry} />}
      </div>
    </div>
  );
}

function LiveView({ live, onRetry }: { live: LiveAnswer; onRetry: () => void }) {
  const { t } = useTranslation();
  const { ask, content, reasoning, problem, running } = live;
  return (
    <div className="grid gap-6" data-testid="live-answer">
      {ask.content !== null && <Question text={ask.content} onEdit={null} />}
      {(content !== '' || reasoning !== '') && (
        <AnswerText content={content} reasoning={reasoning === '' ? null : reasoning} streaming={running} />
      )}
      {running && content === '' && reasoning === '' && <Waiting live={live} />}
      {problem !== null && <ProblemView problem={problem} onRetry={onRetry} />}
      <p role="status" className="sr-only">
        {t(running ? 'chat.answering' : problem === null ? 'chat.answered' : 'chat.failed')}
      </p>
    </div>
  );
}

function Waiting({ live: { queue } }: { live: LiveAnswer }) {
  const { t } = useTranslation();
  const text =
    queue === null
      ? t('chat.waiting')
      : queue.expectedSeconds === null
        ? t('chat.queued', { position: formatNumber(queue.position) })
        : t('chat.queuedFor', {
            position: formatNumber(queue.position),
            seconds: formatNumber(Math.max(1, Math.round(queue.expectedSeconds))),
          });
  return (
    <p className="flex items-center gap-2 text-sm text-subtle">
      <span aria-hidden className="size-2 animate-pulse rounded-full bg-accent" />
      {text}
    </p>
  );
}

function ProblemView({ problem, onRetry }: { problem: Problem; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl border border-danger px-4 py-3 text-sm">
      <p className="flex-1 text-danger">
        {problem.code === 'connection_lost' ? t('chat.connectionLost') : problem.message}
      </p>
      <Button onClick={onRetry}>{t('retry')}</Button>
    </div>
  );
}

/** Keeps the end in view while it grows, until the reader scrolls away from it; answers the scroll handler. */
function useFollowedEnd(scroller: React.RefObject<HTMLDivElement | null>, growth: readonly unknown[]): () => void {
  const atEnd = useRef(true);
  useEffect(() => {
    const element = scroller.current;
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- whatever makes it longer
  }, growth);
  return () => {
    const element = scroller.current;
    if (element === null) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX;
  };
}
