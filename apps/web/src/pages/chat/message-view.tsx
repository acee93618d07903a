import { ChevronLeft, ChevronRight, Pencil, RefreshCw } from 'lucide-react';
import { Suspense, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { formatDuration, formatNumber } from '../../ui/format';
import type { Message } from './conversations';
import { Markdown } from './markdown';
import type { Step } from './message-tree';
import { splitThinking } from './thinking';

interface StepProps {
  step: Step<Message>;
  /** False while an answer is being written. */
  canChange: boolean;
  onBranch: (id: string) => void;
  onEdit: (text: string) => void;
  onRegenerate: () => void;
}

/** One message of the shown path with what can be done about it. */
export function MessageView({ step, canChange, onBranch, onEdit, onRegenerate }: StepProps) {
  const { message } = step;
  const branches = <Branches step={step} onBranch={onBranch} />;
  return message.role === 'user' ? (
    <Question text={message.content} onEdit={canChange ? onEdit : null}>
      {branches}
    </Question>
  ) : (
    <StoredAnswer message={message} onRegenerate={canChange ? onRegenerate : null}>
      {branches}
    </StoredAnswer>
  );
}

export function Question({
  text,
  onEdit,
  children,
}: {
  text: string;
  onEdit: ((text: string) => void) | null;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  if (editing && onEdit !== null)
    return (
      <EditQuestion
        text={text}
        onCancel={() => setEditing(false)}
        onSave={(next) => {
          setEditing(false);
          onEdit(next);
        }}
      />
    );
  return (
    <article aria-label={t('chat.yourQuestion')} className="group grid justify-items-end gap-1">
      <p className="max-w-[85%] rounded-2xl bg-sunken px-4 py-2.5 whitespace-pre-wrap" dir="auto">
        {text}
      </p>
      <Actions>
        {children}
        <CopyButton text={text} label={t('chat.copyMessage')} />
        {onEdit !== null && (
          <IconButton label={t('chat.edit')} onClick={() => setEditing(true)}>
            <Pencil aria-hidden className="size-4" />
          </IconButton>
        )}
      </Actions>
    </article>
  );
}

function EditQuestion(props: { text: string; onCancel: () => void; onSave: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(props.text);
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') props.onSave(text.trim());
      }}
    >
      <textarea
        aria-label={t('chat.edit')}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="field-sizing-content max-h-80 w-full rounded-2xl border border-line bg-raised px-4 py-2.5"
      />
      <div className="flex justify-end gap-2">
        <Button onClick={props.onCancel}>{t('cancel')}</Button>
        <Button type="submit" look="primary">
          {t('chat.send')}
        </Button>
      </div>
    </form>
  );
}

function StoredAnswer({
  message,
  onRegenerate,
  children,
}: {
  message: Message;
  onRegenerate: (() => void) | null;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const { content } = splitThinking(message.content, message.reasoning);
  return (
    <AnswerText content={message.content} reasoning={message.reasoning} streaming={false}>
      <AnswerFacts message={message} />
      <Actions>
        {children}
        <CopyButton text={content} label={t('chat.copyMessage')} />
        {onRegenerate !== null && (
          <IconButton label={t('chat.regenerate')} onClick={onRegenerate}>
            <RefreshCw aria-hidden className="size-4" />
          </IconButton>
        )}
      </Actions>
    </AnswerText>
  );
}

export function AnswerText(props: {
  content: string;
  reasoning: string | null;
  streaming: boolean;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { content, reasoning, thinking } = splitThinking(props.content, props.reasoning);
  return (
    <article aria-label={t('chat.answer')} className="group grid gap-1" dir="auto">
      {reasoning !== '' && (
        <details className="rounded-xl border border-line px-3 py-2 text-sm text-subtle">
          <summary className="cursor-pointer select-none">
            {t(thinking && props.streaming ? 'chat.thinking' : 'chat.thoughts')}
          </summary>
          <p className="mt-2 whitespace-pre-wrap">{reasoning.trim()}</p>
        </details>
      )}
      <Suspense fallback={<p className="whitespace-pre-wrap">{content}</p>}>
        <Markdown text={content} streaming={props.streaming} />
      </Suspense>
      {props.children}
    </article>
  );
}

/** Model, time to first token, tokens, speed, and how it ended when not by itself. */
function AnswerFacts({ message: { answer } }: { message: Message }) {
  const { t } = useTranslation();
  if (answer === null) return null;
  const { model, ttftMs, latencyMs, outputTokens, outcome, stopReason, droppedMessages } = answer;
  const writingMs = ttftMs === null || latencyMs === null ? 0 : latencyMs - ttftMs;
  const facts = [
    model,
    ttftMs === null ? null : t('chat.firstTokenIn', { time: formatDuration(ttftMs) }),
    outputTokens === null ? null : t('chat.tokens', { count: outputTokens, shown: formatNumber(outputTokens) }),
    outputTokens === null || writingMs <= 0
      ? null
      : t('chat.tokensPerSecond', { rate: formatNumber((outputTokens / writingMs) * 1_000, 1) }),
  ].filter((fact) => fact !== null);
  return (
    <>
      {outcome !== null && outcome !== 'completed' && (
        <p className="text-sm text-warning">{t(`chat.outcome.${outcome}`)}</p>
      )}
      {stopReason === 'length' && <p className="text-sm text-warning">{t('chat.cutByLength')}</p>}
      {droppedMessages > 0 && <p className="text-sm text-subtle">{t('chat.dropped', { count: droppedMessages })}</p>}
      <p className="text-xs text-subtle">{facts.join(' · ')}</p>
    </>
  );
}

function Actions({ children }: { children: ReactNode }) {
  return (
    <div className="flex items-center opacity-60 transition group-focus-within:opacity-100 group-hover:opacity-100">
      {children}
    </div>
  );
}

/** < 2/3 > */
function Branches({ step: { siblings, branch }, onBranch }: { step: Step<Message>; onBranch: (id: string) => void }) {
  const { t } = useTranslation();
  if (siblings.length < 2) return null;
  const go = (to: number) => () => {
    const id = siblings[to];
    if (id !== undefined) onBranch(id);
  };
  return (
    <span className="flex items-center text-xs text-subtle">
      <IconButton label={t('chat.branchBefore')} disabled={branch === 0} onClick={go(branch - 1)}>
        <ChevronLeft aria-hidden className="size-4" />
      </IconButton>
      {branch + 1}/{siblings.length}
      <IconButton label={t('chat.branchAfter')} disabled={branch === siblings.length - 1} onClick={go(branch + 1)}>
        <ChevronRight aria-hidden className="size-4" />
      </IconButton>
    </span>
  );
}
