import { startTransition, useEffect, useState } from 'react';
import { formatDuration } from '../../ui/format';
import { useLoadedMarkdown } from './markdown-loader';

/** A busy page is warmed up after this time all the same, milliseconds. */
const IDLE_LIMIT_MS = 1_000;
/** What answers are made of; code and maths are loaded when one has them. */
const SAMPLE =
  '# a\n\nb *c* **d** `e` [f](https://g.example) <b>h</b>\ni\n\n1. j\n   - k\n\n> l\n\n| m |\n| --- |\n| n |\n\no';

let warm = false;

/**
 * Does once, while the question is still being typed, whatever the first tokens would have to wait for: code and patterns are
 * compiled, formats are made.
 */
export function WarmUp() {
  const render = useLoadedMarkdown();
  const [warming, setWarming] = useState(false);
  useEffect(() => {
    if (render === null || warm) return;
    warm = warming;
    // A transition: keys go first.
    return whenIdle(() => startTransition(() => setWarming(!warming)));
  }, [render, warming]);
  if (render === null || !warming) return null;
  return (
    <div hidden>
      {render({ text: SAMPLE, streaming: true })}
      {formatDuration(0)}
      {formatDuration(1_000)}
    </div>
  );
}

/** @returns what undoes it */
function whenIdle(run: () => void): () => void {
  // Safari has no idle callbacks.
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(run);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(run, { timeout: IDLE_LIMIT_MS });
  return () => cancelIdleCallback(handle);
}
