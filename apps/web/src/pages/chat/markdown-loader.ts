import { createElement, useEffect, type ReactNode } from 'react';
import { create } from 'zustand';

export interface MarkdownProps {
  text: string;
  /** More of it is coming. */
  streaming: boolean;
}

type Render = (of: MarkdownProps) => ReactNode;

/** Null until it is loaded. */
const useRenderer = create<{ render: Render | null }>(() => ({ render: null }));

let loading: Promise<void> | null = null;

/**
 * Loads what renders Markdown, once. It is larger than the rest of the chat and nothing needs it before the first answer:
 * whoever foresees one (somebody types, a conversation is opened) calls this, so that it is there in time.
 */
export function loadMarkdown(): void {
  loading ??= import('./markdown')
    .then(({ Markdown }) => useRenderer.setState({ render: (of) => createElement(Markdown, of) }))
    .catch(() => {
      // It could not be fetched: the answer stays plain text, and the next one tries again.
      loading = null;
    });
}

/** What renders Markdown where somebody has loaded it, else null. */
export function useLoadedMarkdown(): Render | null {
  return useRenderer(({ render }) => render);
}

/** What renders Markdown, or null while it loads: the text is then shown as it is. Nothing suspends, so nothing is held back. */
export function useMarkdown(): Render | null {
  useEffect(loadMarkdown, []);
  return useLoadedMarkdown();
}
