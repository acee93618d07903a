import { useTranslation } from 'react-i18next';
import { explainCode } from '../../ui/explain';
import { formatDateTime, formatDuration, formatNumber } from '../../ui/format';
import type { Message } from './conversations';

type Answer = NonNullable<Message['answer']>;

/** Model, time to first token, tokens, speed, how it ended, and what was left out of its prompt. */
export function AnswerFacts({ answer }: { answer: Answer | null }) {
  const { t } = useTranslation();
  if (answer === null) return null;
  const { model, ttftMs, latencyMs, inputTokens, outputTokens, droppedMessages, endedAt } = answer;
  const rate = tokensPerSecond(answer);
  const facts = [
    model,
    ttftMs === null ? null : t('chat.firstTokenIn', { time: formatDuration(ttftMs) }),
    outputTokens === null ? null : t('chat.tokens', { count: outputTokens, shown: formatNumber(outputTokens) }),
    rate === null ? null : t('chat.tokensPerSecond', { rate: formatNumber(rate, 1) }),
    answer.stopReason === 'stop' && answer.outcome === 'completed' ? t('chat.complete') : null,
  ].filter((fact) => fact !== null);
  const more = [
    inputTokens === null ? null : t('chat.promptTokens', { count: inputTokens, shown: formatNumber(inputTokens) }),
    latencyMs === null ? null : t('chat.inAll', { time: formatDuration(latencyMs) }),
    answer.systemPrompt === null
      ? null
      : t('chat.withPrompt', { name: answer.systemPrompt.name ?? t(`chat.promptOf.${answer.systemPrompt.source}`) }),
    endedAt === null ? null : formatDateTime(endedAt),
  ].filter((fact) => fact !== null);
  return (
    <>
      <Ending answer={answer} />
      {droppedMessages > 0 && <p className="text-sm text-subtle">{t('chat.dropped', { count: droppedMessages })}</p>}
      <p className="text-xs text-subtle" title={more.join(' · ')}>
        {facts.join(' · ')}
      </p>
    </>
  );
}

/** How it ended, when that is worth a line of its own. */
function Ending({ answer: { outcome, stopReason, errorCode } }: { answer: Answer }) {
  const { t } = useTranslation();
  if (stopReason === 'length') return <p className="text-sm text-warning">{t('chat.cutByLength')}</p>;
  if (outcome === null || outcome === 'completed') return null;
  const why = outcome === 'client_cancelled' || errorCode === null ? '' : explainCode(errorCode, '');
  return (
    <p className="text-sm text-warning">
      {t(`chat.outcome.${outcome}`)} {why}
    </p>
  );
}

/** Over the time in which it was written; null where that is not known or too short to mean anything. */
export function tokensPerSecond({ ttftMs, latencyMs, outputTokens }: Answer): number | null {
  if (ttftMs === null || latencyMs === null || outputTokens === null || outputTokens < 2) return null;
  const writingMs = latencyMs - ttftMs;
  // The first token came at its beginning, so that the time is that of the others.
  return writingMs <= 0 ? null : ((outputTokens - 1) / writingMs) * 1_000;
}
