import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { copyText } from '../../ui/copy-button';
import { showFailure } from '../../ui/toast';

export interface ShortcutActions {
  search: () => void;
  stop: () => void;
  lastAnswer: () => string | null;
}

/** Names of the shortcuts as the help shows them; `mod` is Command on a Mac and Control elsewhere. */
export const SHORTCUTS = [
  ['mod+Shift+O', 'new'],
  ['mod+K', 'search'],
  ['mod+/', 'help'],
  ['Esc', 'stop'],
  ['Shift+Esc', 'focus'],
  ['mod+Shift+C', 'copyAnswer'],
  ['mod+Shift+;', 'copyCode'],
] as const;

/** The keyboard of the chat. Answers whether the help is shown. */
export function useShortcuts(actions: ShortcutActions): { shown: boolean; hide: () => void } {
  const [shown, setShown] = useState(false);
  const navigate = useNavigate();
  useEffect(() => {
    const copy = (text: string | null): void => {
      if (text !== null) copyText(text).catch(showFailure);
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.isComposing || document.querySelector('dialog[open]') !== null) return;
      const mod = event.ctrlKey || event.metaKey;
      const act = (run: () => void): void => {
        event.preventDefault();
        run();
      };
      // By place and not by letter: a Korean keyboard has other letters on the same keys.
      if (mod && event.shiftKey && event.code === 'KeyO') act(() => void navigate('/'));
      else if (mod && !event.shiftKey && event.code === 'KeyK') act(actions.search);
      else if (mod && event.code === 'Slash') act(() => setShown(true));
      else if (mod && event.shiftKey && event.code === 'KeyC') act(() => copy(actions.lastAnswer()));
      else if (mod && event.shiftKey && event.code === 'Semicolon') act(() => copy(lastCode(actions.lastAnswer())));
      else if (event.key === 'Escape' && event.shiftKey) act(() => document.getElementById('composer')?.focus());
      else if (event.key === 'Escape') actions.stop();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  });
  return { shown, hide: () => setShown(false) };
}

/** The last fenced block of a text. */
function lastCode(text: string | null): string | null {
  return [...(text ?? '').matchAll(/```[^\n]*\n([\s\S]*?)```/g)].at(-1)?.[1] ?? null;
}
