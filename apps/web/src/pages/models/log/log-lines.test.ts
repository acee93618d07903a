import { describe, expect, it } from 'vitest';
import { filterLines, withLines } from './log-lines';

const LOG = [
  '(APIServer pid=1) INFO 11-21 10:00:00 [api_server.py:10] vLLM API server version 0.32.0',
  'WARNING 11-21 10:00:01 [config.py:9] Casting torch.bfloat16 to torch.float16.',
  '(EngineCore pid=2) ERROR 11-21 10:00:02 [core.py:1] EngineCore failed to start.',
  'Traceback (most recent call last):',
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.',
  '(APIServer pid=1) INFO 11-21 10:00:03 [launcher.py:5] Shutting down',
];
const lines = withLines([], LOG);
const numbers = (text: string, level: 'all' | 'warnings' | 'errors'): number[] =>
  filterLines(lines, { text, level }).map(({ number }) => number);

describe('the engine log', () => {
  it('knows the level of a line, and that a traceback belongs to the error above it', () => {
    expect(lines.map(({ level }) => level)).toEqual(['info', 'warning', 'error', 'error', 'error', 'info']);
  });

  it('is filtered by words, whatever their case, and by level', () => {
    expect(numbers('', 'all')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers('cuda OUT of', 'all')).toEqual([5]);
    expect(numbers('', 'warnings')).toEqual([2, 3, 4, 5]);
    expect(numbers('enginecore', 'errors')).toEqual([3]);
  });

  it('counts on when lines are added, and forgets the oldest', () => {
    const many = withLines(
      lines,
      Array.from({ length: 6_000 }, (_, index) => `INFO line ${index}`),
    );
    expect([many.length, many[0]?.number, many.at(-1)?.number]).toEqual([5_000, 1_007, 6_006]);
  });
});
