import { ChevronLeft, ChevronRight, Pencil, RefreshCw } from 'lucide-react';
import { memo, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { AnswerFacts } from './answer-facts';
import { focusEnd, isComposing } from './composing';
import type { Message } from './conversations';
import { useMarkdown } from './markdown-loader';
import type { Step } from './message-tree';
import { splitThinking } from './thinking';

/** What can be done about a message. */
export interface MessageActions {
  onBranch: (id: string) => void;
  onEdit: (message: Message, text: string) => void;
  onRegenerate: (answer: Message) => void;
}

interface MessageViewProps {
  step: Step<Message>;
  /** False while an answer is being written. */
  canChange: boolean;
  /** The same object for good. */
  actions: MessageActions;
}

/** One message of the shown path. */
export const MessageView = memo(function MessageView({ step, canChange, actions }: MessageViewProps) {
  const { message } = step;
  const branches = <Branches step={step} onBranch={actions.onBranch} />;
  return message.role === 'user' ? (
    <Question text={message.content} onEdit={canChange ? (text) => actions.onEdit(message, text) : null}>
      {branches}
    </Question>
  ) : (
    <StoredAnswer message={message} onRegenerate={canChange ? () => actions.onRegenerate(message) : null}>
      {branches}
    </StoredAnswer>
  );
});

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
    <article aria-label={t('chat.yourQuestion')} className="group grid grid-cols-1 justify-items-end gap-1">
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
  const save = (): void => {
    if (text.trim() !== '') props.onSave(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (isComposing(event)) return;
    if (event.key === 'Enter' && !event.shiftKey) act(event, save);
    if (event.key === 'Escape') act(event, props.onCancel);
  };
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        aria-label={t('chat.edit')}
        ref={focusEnd}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
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

function act(event: KeyboardEvent, run: () => void): void {
  event.preventDefault();
  run();
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
      <AnswerFacts answer={message.answer} />
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
    <article aria-label={t('chat.answer')} className="group grid grid-cols-1 gap-1" dir="auto">
      {reasoning !== '' && (
        <details className="rounded-xl border border-line px-3 py-2 text-sm text-subtle">
          <summary className="cursor-pointer select-none">
            {t(thinking && props.streaming ? 'chat.thinking' : 'chat.thoughts')}
          </summary>
          <p className="mt-2 whitespace-pre-wrap">{reasoning.trim()}</p>
        </details>
      )}
      <AnswerMarkdown text={content} streaming={props.streaming} />
      {props.children}
    </article>
  );
}

function AnswerMarkdown({ text, streaming }: { text: string; streaming: boolean }) {
  const render = useMarkdown();
  return render?.({ text, streaming }) ?? <p className="whitespace-pre-wrap">{text}</p>;
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
