// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './paced';

const FRAME_MS = 16;
/** Layout and drawing after the page's own work. */
const DRAWING_MS = 8;

const drawn = (then: () => void): void => void setTimeout(then, DRAWING_MS);

describe('painting an answer while it is written', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'requestAnimationFrame', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('happens once a frame, however many tokens come', () => {
    const paint = vi.fn();
    const due = paced(paint, drawn);
    for (let token = 0; token < 5; token += 1) due();
    vi.advanceTimersByTime(FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(1);
    for (let token = 0; token < 5; token += 1) due();
    vi.advanceTimersByTime(2 * DRAWING_MS + FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(2);
  });

  it('leaves as much time as the whole frame took, so that typing gets through', () => {
    const slowMs = 100;
    const paint = vi.fn(() => {
      vi.advanceTimersByTime(slowMs);
    });
    const due = paced(paint, drawn);
    due();
    vi.advanceTimersByTime(FRAME_MS);
    due();
    vi.advanceTimersByTime(DRAWING_MS + slowMs);
    expect(paint).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(DRAWING_MS + FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(2);
  });

  it('waits for the frame that shows a key, and no longer', () => {
    const paint = vi.fn();
    const due = paced(paint, drawn);
    due();
    dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
    vi.advanceTimersByTime(FRAME_MS);
    expect(paint).not.toHaveBeenCalled();
    vi.advanceTimersByTime(FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(1);
  });
});
