import { memo, use } from 'react';
import { Streamdown, type PluginConfig } from 'streamdown';

/** Highlighter and maths are large and most answers need neither: they load with the first text that looks like it. */
const loaded = new Map<string, Promise<PluginConfig>>();

function pluginsFor(text: string): Promise<PluginConfig> {
  const code = text.includes('```');
  const math = text.includes('$$') || text.includes('\\(') || text.includes('\\[');
  const key = `${String(code)}-${String(math)}`;
  const known = loaded.get(key) ?? load(code, math);
  loaded.set(key, known);
  return known;
}

async function load(code: boolean, math: boolean): Promise<PluginConfig> {
  const [withCode, withMath] = await Promise.all([
    code ? import('./markdown-code') : null,
    math ? import('./markdown-math') : null,
  ]);
  return {
    ...(withCode === null ? {} : { code: withCode.code }),
    ...(withMath === null ? {} : { math: withMath.math }),
  };
}

interface MarkdownProps {
  text: string;
  /** More of it is coming. */
  streaming?: boolean;
}

/** An answer as Markdown. Streamdown sanitises it; images from elsewhere are stopped by the page's content policy. */
export const Markdown = memo(function Markdown({ text, streaming = false }: MarkdownProps) {
  const plugins = use(pluginsFor(text));
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
