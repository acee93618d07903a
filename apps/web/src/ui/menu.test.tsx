// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Menu } from './menu';

const items = [
  { value: 'a', name: 'Apple' },
  { value: 'b', name: 'Banana', disabled: true },
  { value: 'c', name: 'Cherry' },
];

function show(onChoose = vi.fn()) {
  render(
    <Menu label="Fruit" value="a" items={items} onChoose={onChoose}>
      Apple
    </Menu>,
  );
  return { onChoose, button: screen.getByRole('combobox', { name: 'Fruit' }) };
}

afterEach(cleanup);

describe('a menu', () => {
  it('is opened, gone through and chosen from by keyboard', async () => {
    const { onChoose, button } = show();
    button.focus();
    await userEvent.keyboard('{ArrowDown}');
    expect(button.getAttribute('aria-expanded')).toBe('true');
    await userEvent.keyboard('{End}{Enter}');
    expect(onChoose).toHaveBeenCalledWith('c');
    expect(button.getAttribute('aria-expanded')).toBe('false');
  });

  it('does not choose what cannot be chosen', async () => {
    const { onChoose, button } = show();
    button.focus();
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}');
    expect(onChoose).not.toHaveBeenCalled();
  });

  it('goes to an item by its first letter, and closes with Escape', async () => {
    const { button } = show();
    button.focus();
    await userEvent.keyboard('{Enter}c');
    expect(document.getElementById(button.getAttribute('aria-activedescendant') ?? '')?.textContent).toBe('Cherry');
    await userEvent.keyboard('{Escape}');
    expect(button.getAttribute('aria-expanded')).toBe('false');
  });
});
