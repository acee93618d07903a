import { describe, expect, it } from 'vitest';
import { spokenText } from './spoken-text';

describe('what is read out of an answer', () => {
  it('is its text without marks', () => {
    expect(spokenText('## Title\n\n- **one** [link](https://x.org)\n- `two`')).toBe('Title one link two');
  });

  it('names code and does not read it', () => {
    expect(spokenText('Run:\n```sh\nrm -rf x\n```\nDone.')).toBe('Run: [sh] Done.');
  });

  it('ends', () => {
    expect(spokenText('word '.repeat(1_000)).length).toBeLessThan(620);
  });
});
