// @vitest-environment happy-dom
import { cleanup, render, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { Markdown } from './markdown';

/** Attributes that would run something, in all that was rendered. */
function dangers(root: Element): string[] {
  return [...root.querySelectorAll('*')].flatMap((element) => [
    ...(/^(script|iframe|object|embed|style|form|base|meta|link)$/i.test(element.tagName) ? [element.tagName] : []),
    ...[...element.attributes]
      .filter(({ name, value }) => name.startsWith('on') || /^\s*(javascript|vbscript|data:text)/i.test(value))
      .map(({ name, value }) => `${name}=${value}`),
  ]);
}

function shown(text: string, streaming = false): HTMLElement {
  return render(<Markdown text={text} streaming={streaming} />).container;
}

afterEach(cleanup);

describe('an answer as Markdown', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">press</a>',
    '[press](javascript:alert(1)) [too](JaVaScRiPt:alert(1)) [this](data:text/html,<script>alert(1)</script>)',
    '<iframe src="https://example.org"></iframe><object data="x"></object><embed src="x">',
    '<svg onload=alert(1)><style>*{display:none}</style></svg>',
    '<form action="https://example.org"><button formaction="javascript:alert(1)">go</button></form>',
    '<details ontoggle=alert(1) open>x</details>',
    '| a |\n| --- |\n| <img src=x onerror=alert(1)> |',
    '<scr<script>ipt>alert(1)</scr</script>ipt>',
    '<p onmouseover="alert(1)', // cut in the middle, as it is while it is being written
  ])('runs nothing of %s', (text) => {
    for (const streaming of [false, true]) {
      const root = shown(`before\n\n${text}\n\nafter`, streaming);
      expect(dangers(root)).toEqual([]);
      expect(root.textContent).toContain('before');
      cleanup();
    }
  });

  it.each([
    String.raw`$$\href{javascript:alert(1)}{x}$$`,
    String.raw`$$\htmlData{onclick=alert(1)}{x}$$`,
    String.raw`$$\includegraphics{javascript:alert(1)}$$`,
    String.raw`\[\url{javascript:alert(1)}\]`,
    String.raw`\(\htmlStyle{position:fixed;inset:0}{x}\)`,
  ])(
    'runs nothing of the formula %s',
    async (text) => {
      const root = shown(text);
      await waitFor(() => expect(root.querySelector('.katex, .katex-error')).not.toBeNull(), { timeout: 20_000 });
      expect(dangers(root)).toEqual([]);
      expect(root.querySelector('[style*=fixed]')).toBeNull();
    },
    30_000,
  );

  it('shows code, tables and formulas in both ways of writing them', async () => {
    const root = shown('Inline `a < b`.\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\nSo \\(x^2\\) and $$y^2$$.');
    expect(root.querySelector('code')?.textContent).toBe('a < b');
    expect(root.querySelectorAll('td')).toHaveLength(2);
    await waitFor(() => expect(root.querySelectorAll('.katex')).toHaveLength(2), { timeout: 20_000 });
  }, 30_000);
});
