// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Composer } from './composer';

function show({ ready = true, answering = false, onSend = vi.fn(), onStop = vi.fn() } = {}) {
  render(<Composer draftKey="c1" ready={ready} answering={answering} onSend={onSend} onStop={onStop} />);
  return { onSend, onStop, input: screen.getByRole<HTMLTextAreaElement>('textbox') };
}

afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe('the input', () => {
  it('sends with Enter, and breaks the line with Shift+Enter', async () => {
    const { onSend, input } = show();
    await userEvent.type(input, 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect(onSend).toHaveBeenCalledExactlyOnceWith('one\ntwo');
    expect(input.value).toBe('');
  });

  it('keeps what is sent before it is known where it would go', async () => {
    const { onSend, input } = show({ ready: false });
    await userEvent.type(input, 'too early{Enter}');
    expect(onSend).not.toHaveBeenCalled();
    expect(input.value).toBe('too early');
  });

  it('never sends while an input method composes', async () => {
    const { onSend, input } = show();
    await userEvent.type(input, '하늘');
    fireEvent.keyDown(input, { key: 'Enter', isComposing: true });
    fireEvent.keyDown(input, { key: 'Enter', keyCode: 229 });
    expect(onSend).not.toHaveBeenCalled();
  });

  it('sends nothing while an answer is written, and keeps what was typed meanwhile', async () => {
    const { onSend, input } = show({ answering: true });
    await userEvent.type(input, 'next{Enter}');
    expect(onSend).not.toHaveBeenCalled();
    cleanup();
    expect(show().input.value).toBe('next');
  });
});
