import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button';
import { explainCode } from '../../ui/explain';
import { formatDuration, formatNumber } from '../../ui/format';
import { useLiveAnswers, type LiveAnswer, type Problem } from './live-answers';
import { AnswerText, Question } from './message-view';

/** The answer of this conversation that is being written, or that has just failed. */
export function LiveView({ id, onRetry }: { id: string; onRetry: () => void }) {
  const live = useLiveAnswers(({ answers }) => answers[id]);
  if (live === undefined) return null;
  const { ask, content, reasoning, problem, running } = live;
  const begun = content !== '' || reasoning !== '';
  return (
    <div className="grid grid-cols-1 gap-6" data-testid="live-answer">
      {ask.content !== null && <Question text={ask.content} onEdit={null} />}
      {begun && (
        <AnswerText content={content} reasoning={reasoning === '' ? null : reasoning} streaming={running}>
          <LiveFacts meta={live.meta} waitedMs={(live.firstTokenAt ?? live.askedAt) - live.askedAt} />
        </AnswerText>
      )}
      {running && !begun && <Waiting live={live} />}
      {problem !== null && <ProblemView problem={problem} onRetry={onRetry} />}
    </div>
  );
}

/** The same for each token after the first one, and drawn only then. */
const LiveFacts = memo(function LiveFacts({ meta, waitedMs }: { meta: LiveAnswer['meta']; waitedMs: number }) {
  const { t } = useTranslation();
  const facts = [
    meta?.model,
    meta?.backend === 'fallback' ? t('chat.otherServer') : undefined,
    t('chat.firstTokenIn', { time: formatDuration(waitedMs) }),
  ].filter((fact) => fact !== undefined);
  return (
    <>
      {meta !== null && meta.droppedMessages > 0 && (
        <p className="text-sm text-subtle">{t('chat.dropped', { count: meta.droppedMessages })}</p>
      )}
      <p className="text-xs text-subtle">{facts.join(' · ')}</p>
    </>
  );
});

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
      <p className="flex-1 text-danger">{explainCode(problem.code, problem.message)}</p>
      <Button onClick={onRetry}>{t('retry')}</Button>
    </div>
  );
}
