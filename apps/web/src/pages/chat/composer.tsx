import { ArrowUp, Square } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { isComposing } from './composing';
import { drafts } from './drafts';
import { loadMarkdown } from './markdown-loader';

interface ComposerProps {
  /** Whose draft it keeps; the component is made anew for another one. */
  draftKey: string;
  /** False while it is not known yet where a question would go. */
  ready: boolean;
  answering: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

/** Where a question is typed. Enter sends, but never while an input method composes a syllable. */
export function Composer({ draftKey, ready, answering, onSend, onStop }: ComposerProps) {
  const { t } = useTranslation();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => drafts.read(draftKey));

  useEffect(() => area.current?.focus(), []);

  const change = (next: string): void => {
    loadMarkdown();
    setText(next);
    drafts.write(draftKey, next);
  };
  const send = (): void => {
    const question = text.trim();
    if (question === '' || answering || !ready) return;
    change('');
    onSend(question);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (isComposing(event) || event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pb-4">
      <div className="flex items-end gap-2 rounded-2xl border border-line bg-raised p-2 focus-within:border-accent">
        <textarea
          ref={area}
          id="composer"
          aria-label={t('chat.ask')}
          placeholder={t('chat.ask')}
          rows={1}
          value={text}
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
          className="field-sizing-content max-h-60 min-h-9 flex-1 resize-none bg-transparent px-2 py-1.5 outline-none"
        />
        {answering ? (
          <RoundButton label={t('chat.stop')} onClick={onStop}>
            <Square aria-hidden className="size-4 fill-current" />
          </RoundButton>
        ) : (
          <RoundButton label={t('chat.send')} onClick={send} disabled={text.trim() === '' || !ready}>
            <ArrowUp aria-hidden className="size-5" />
          </RoundButton>
        )}
      </div>
    </div>
  );
}

function RoundButton(props: { label: string; onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
      disabled={props.disabled}
      className="grid size-9 shrink-0 place-content-center rounded-full bg-accent text-on-accent disabled:opacity-40"
    >
      {props.children}
    </button>
  );
}
