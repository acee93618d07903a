import { describe, expect, it } from 'vitest';
import {
  changedLines,
  fieldsOf,
  withFields,
  withSuggestion,
  type EngineSettings,
  type Fields,
} from './what-if-settings';

const typed = (change: Partial<Fields>): EngineSettings => withFields(ENGINE, { ...fieldsOf(ENGINE), ...change });

const ENGINE = { model: 'Qwen/Qwen3-14B-AWQ', maxModelLen: 16_384, gpus: [0, 1], dtype: 'float16' };

describe('the what-if form', () => {
  it('shows settings as one types them', () => {
    expect(fieldsOf(ENGINE)).toMatchObject({ model: 'Qwen/Qwen3-14B-AWQ', maxModelLen: '16384', gpus: '0, 1' });
    expect(fieldsOf(ENGINE).kvCacheDtype).toBe('');
  });

  it('puts numbers in as numbers, GPUs as a list, and takes out what was emptied', () => {
    expect(typed({ maxModelLen: ' 8192 ' })).toEqual({ ...ENGINE, maxModelLen: 8_192 });
    expect(typed({ gpus: '1, GPU-5151' })).toEqual({ ...ENGINE, gpus: [1, 'GPU-5151'] });
    expect(typed({ gpus: '' })).toEqual({ model: ENGINE.model, maxModelLen: 16_384, dtype: 'float16' });
  });

  it('leaves what is no number to the check, which says so', () => {
    expect(typed({ maxModelLen: '32k' })).toMatchObject({ maxModelLen: '32k' });
  });

  it('applies a suggestion to the engine that it is for, with what has to go', () => {
    const whyMessage = { code: 'on_gpus' as const, values: {}, engine: null };
    const change = { settings: { tensorParallelSize: 2 }, removes: ['gpus'], engine: 1 };
    const suggestion = { change: '', why: '', whyMessage, ...change };
    expect(withSuggestion([ENGINE, ENGINE], suggestion)).toEqual([
      ENGINE,
      { model: ENGINE.model, maxModelLen: 16_384, dtype: 'float16', tensorParallelSize: 2 },
    ]);
  });

  it('says what is different in the words of a profile', () => {
    const after = { ...typed({ gpus: '' }), maxModelLen: 8_192, kvCacheDtype: 'fp8' };
    expect(changedLines(ENGINE, after)).toEqual(['maxModelLen: 8192', 'kvCacheDtype: fp8', '# without gpus']);
    expect(changedLines(ENGINE, ENGINE)).toEqual([]);
  });
});
