// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './paced';

const FRAME_MS = 16;

describe('painting an answer while it is written', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'requestAnimationFrame', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('happens once a frame, however many tokens come', () => {
    const paint = vi.fn();
    const due = paced(paint);
    for (let token = 0; token < 5; token += 1) due();
    vi.advanceTimersByTime(FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(1);
    due();
    vi.advanceTimersByTime(FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(2);
  });

  it('leaves as much time as it took, so that typing gets through', () => {
    const slowMs = 100;
    const paint = vi.fn(() => {
      vi.advanceTimersByTime(slowMs);
    });
    const due = paced(paint);
    due();
    vi.advanceTimersByTime(FRAME_MS);
    due();
    vi.advanceTimersByTime(slowMs - 1);
    expect(paint).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1 + FRAME_MS);
    expect(paint).toHaveBeenCalledTimes(2);
  });
});
