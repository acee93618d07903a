import { useEffect } from 'react';
import { create } from 'zustand';
import { formatDuration } from '../../ui/format';
import { useLoadedMarkdown } from './markdown-loader';

/** A busy page is warmed up after this time all the same, milliseconds. */
const IDLE_LIMIT_MS = 1_000;

const useStage = create<{ stage: 'cold' | 'warming' | 'warm' }>(() => ({ stage: 'cold' }));

/**
 * Does once, while the question is still being typed, whatever the first token would have to wait for: code is compiled,
 * formats are made.
 */
export function WarmUp() {
  const render = useLoadedMarkdown();
  const stage = useStage((state) => state.stage);
  useEffect(() => {
    if (render === null || stage === 'warm') return;
    if (stage === 'warming') return useStage.setState({ stage: 'warm' });
    return whenIdle(() => useStage.setState({ stage: 'warming' }));
  }, [render, stage]);
  if (render === null || stage !== 'warming') return null;
  return (
    <div hidden>
      {render({ text: formatDuration(0), streaming: true })}
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
