// @vitest-environment happy-dom
import { fireEvent, render } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { shortcutOf, useShortcuts, type ShortcutActions } from './shortcuts';

function Page(props: { actions: ShortcutActions; dialog?: boolean }) {
  useShortcuts(props.actions);
  return props.dialog === true ? <dialog open /> : null;
}

describe('the keyboard', () => {
  it('goes by the place of a key, so that it works on a Korean keyboard', () => {
    expect(shortcutOf(new KeyboardEvent('keydown', { key: 'ㅏ', code: 'KeyK', ctrlKey: true }))).toBe('search');
  });

  it('means nothing while an input method composes', () => {
    expect(shortcutOf(new KeyboardEvent('keydown', { key: 'Escape', isComposing: true }))).toBeNull();
  });

  it('tells Escape from Shift+Escape', () => {
    expect(shortcutOf(new KeyboardEvent('keydown', { key: 'Escape' }))).toBe('stop');
    expect(shortcutOf(new KeyboardEvent('keydown', { key: 'Escape', shiftKey: true }))).toBe('focus');
  });

  it('runs the newest action of the page', () => {
    const [older, newer] = [vi.fn(), vi.fn()];
    const page = render(<Page actions={{ new: older }} />);
    page.rerender(<Page actions={{ new: newer }} />);
    fireEvent.keyDown(window, { key: 'O', code: 'KeyO', ctrlKey: true, shiftKey: true });
    expect([older.mock.calls.length, newer.mock.calls.length]).toEqual([0, 1]);
  });

  it('belongs to the dialog while one is open', () => {
    const stop = vi.fn();
    render(<Page actions={{ stop }} dialog />);
    fireEvent.keyDown(window, { key: 'Escape' });
    expect(stop).not.toHaveBeenCalled();
  });
});
