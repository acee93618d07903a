import { useEffect, useRef } from 'react';

/** What a page does on a key, by the name of the shortcut. */
export type ShortcutActions = Partial<Record<ShortcutName, () => void>>;

/** Keys as the help shows them; `mod` is Command on a Mac and Control elsewhere. */
export const SHORTCUTS = [
  ['mod+Shift+O', 'new'],
  ['mod+K', 'search'],
  ['mod+/', 'help'],
  ['Esc', 'stop'],
  ['Shift+Esc', 'focus'],
  ['mod+Shift+C', 'copyAnswer'],
  ['mod+Shift+;', 'copyCode'],
] as const;

export type ShortcutName = (typeof SHORTCUTS)[number][1];

/** Which shortcut a key press is. By place and not by letter: a Korean keyboard has other letters on the same keys. */
export function shortcutOf(event: KeyboardEvent): ShortcutName | null {
  if (event.isComposing || event.altKey) return null;
  const mod = event.ctrlKey || event.metaKey;
  if (event.key === 'Escape') return mod ? null : event.shiftKey ? 'focus' : 'stop';
  if (!mod) return null;
  if (event.shiftKey) {
    if (event.code === 'KeyO') return 'new';
    if (event.code === 'KeyC') return 'copyAnswer';
    return event.code === 'Semicolon' ? 'copyCode' : null;
  }
  if (event.code === 'KeyK') return 'search';
  return event.code === 'Slash' ? 'help' : null;
}

/** While the component is there, its actions answer to the keyboard. What it does not name is left to others. */
export function useShortcuts(actions: ShortcutActions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      // What is open in front has its own keys; what somebody inside has acted on is done.
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      const name = shortcutOf(event);
      const action = name === null ? undefined : latest.current[name];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
