const HIDDEN_TAB_MS = 250;

/**
 * Paints at most once a frame, and then rests for as long as that took: however slow the machine and long the answer, half
 * of the time is left for what the user does. A hidden tab is painted four times a second.
 * @param paint does all of its work before it returns
 */
export function paced(paint: () => void): () => void {
  let due = false;
  let restUntil = 0;
  const run = (): void => {
    due = false;
    const begun = performance.now();
    paint();
    const ended = performance.now();
    restUntil = ended + (ended - begun);
  };
  return () => {
    if (due) return;
    due = true;
    const restMs = restUntil - performance.now();
    if (document.hidden) setTimeout(run, HIDDEN_TAB_MS);
    else if (restMs > 0) setTimeout(() => requestAnimationFrame(run), restMs);
    else requestAnimationFrame(run);
  };
}
