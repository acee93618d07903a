const HIDDEN_TAB_MS = 250;

/** `timeStamp` of the last key; it goes before what is painted. */
let lastKeyAt = -1;

function noteKey({ timeStamp }: KeyboardEvent): void {
  lastKeyAt = timeStamp;
}

/** Calls back when the frame that is being made has left the page for the compositor: its layout and drawing are done. */
function afterThisFrame(then: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    then();
  };
  port2.postMessage(null);
}

/**
 * Paints at most once a frame, and then rests for as long as that frame took, with its layout and drawing: however slow
 * the machine and long the answer, half of the time is left for what the user does. The frame that shows a key shows
 * nothing else. A hidden tab is painted four times a second.
 * @param paint does all of its work before it returns
 */
export function paced(paint: () => void, afterFrame = afterThisFrame): () => void {
  // The same function listens once, however often it is added.
  addEventListener('keydown', noteKey, { capture: true, passive: true });
  let due = false;
  let painting = false;
  let restUntil = 0;
  let yieldedTo = lastKeyAt;
  const run = (): void => {
    if (lastKeyAt > yieldedTo) {
      yieldedTo = lastKeyAt;
      requestAnimationFrame(run);
      return;
    }
    due = false;
    painting = true;
    const begun = performance.now();
    paint();
    afterFrame(() => {
      painting = false;
      const ended = performance.now();
      restUntil = ended + (ended - begun);
      if (due) schedule();
    });
  };
  const schedule = (): void => {
    const restMs = restUntil - performance.now();
    if (document.hidden) setTimeout(run, HIDDEN_TAB_MS);
    else if (restMs > 0) setTimeout(() => requestAnimationFrame(run), restMs);
    else requestAnimationFrame(run);
  };
  return () => {
    if (due) return;
    due = true;
    if (!painting) schedule();
  };
}
