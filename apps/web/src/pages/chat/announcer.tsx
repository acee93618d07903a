import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLiveAnswers, type LiveAnswer } from './live-answers';
import { spokenText } from './spoken-text';
import { splitThinking } from './thinking';

/**
 * Tells a screen reader that an answer is being written, and reads it out once it is whole: word by word it would be
 * interrupted sixty times a second. It stays in the page, since a region that comes with its text is often not read.
 */
export function Announcer({ id }: { id: string | null }) {
  const { t } = useTranslation();
  const phase = useLiveAnswers(({ answers }) => phaseOf(id === null ? undefined : answers[id]));
  const [whole, setWhole] = useState('');
  useEffect(
    () =>
      useLiveAnswers.subscribe(({ answers }, { answers: last }) => {
        if (id === null) return;
        const [now, then] = [answers[id], last[id]];
        if (then?.running !== true || now === undefined || now.running || now.problem !== null) return;
        const { content } = splitThinking(now.content, now.reasoning);
        setWhole(`${t('chat.answered')} ${spokenText(content)}`);
      }),
    [id, t],
  );
  return (
    <p role="status" className="sr-only">
      {phase === 'idle' ? whole : t(phase === 'answering' ? 'chat.answering' : 'chat.failed')}
    </p>
  );
}

function phaseOf(answer: LiveAnswer | undefined): 'idle' | 'answering' | 'failed' {
  if (answer === undefined) return 'idle';
  if (answer.running) return 'answering';
  return answer.problem === null ? 'idle' : 'failed';
}
