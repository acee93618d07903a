import { memo, useEffect } from 'react';
import { Streamdown, type PluginConfig } from 'streamdown';
import { create } from 'zustand';
import type { MarkdownProps } from './markdown-loader';

/** What is loaded of highlighter and maths: they are large and most answers need neither. */
const usePlugins = create<PluginConfig>(() => ({}));

const begun = new Set<keyof PluginConfig>();

/** Loads a plugin once. A text that needs it is shown without it meanwhile: an answer that is being written never vanishes. */
function load(name: 'code' | 'math'): void {
  if (begun.has(name)) return;
  begun.add(name);
  const plugin: Promise<PluginConfig> =
    name === 'code'
      ? import('./markdown-code').then(({ code }) => ({ code }))
      : import('./markdown-math').then(({ math }) => ({ math }));
  // What could not be fetched is tried again with the next text that needs it.
  plugin.then((loaded) => usePlugins.setState(loaded)).catch(() => begun.delete(name));
}

/** An answer as Markdown. Streamdown sanitises it; images from elsewhere are stopped by the page's content policy. */
export const Markdown = memo(function Markdown({ text, streaming }: MarkdownProps) {
  const plugins = usePlugins();
  const hasCode = text.includes('```');
  const hasMath = text.includes('$$') || text.includes('\\(') || text.includes('\\[');
  useEffect(() => {
    if (hasCode) load('code');
    if (hasMath) load('math');
  }, [hasCode, hasMath]);
  return (
    <Streamdown
      mode={streaming ? 'streaming' : 'static'}
      plugins={plugins}
      isAnimating={streaming}
      className="markdown"
    >
      {mathDelimiters(text)}
    </Streamdown>
  );
});

/** Models write LaTeX's own delimiters; the parser knows dollars. Code is left alone. */
export function mathDelimiters(text: string): string {
  if (!text.includes('\\(') && !text.includes('\\[')) return text;
  return text
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part
            .replace(/\\\[([\s\S]+?)\\\]/g, (_, formula: string) => `$$${formula}$$`)
            .replace(/\\\((.+?)\\\)/g, (_, formula: string) => `$$${formula}$$`),
    )
    .join('');
}
