import { EOS, tokenize } from '#testing/simulated-tokens';
import { Sequence, type SequenceParams } from './sequence';

interface Said {
  readonly pieces: string[];
  readonly sequence: Sequence;
}

function say(text: string, given: Partial<SequenceParams> = {}): Said {
  const tokens = tokenize(text);
  const params = { maxTokens: 1000, minTokens: 0, ignoreEos: false, stop: [], includeStop: false, ...given };
  const pieces: string[] = [];
  const source = { tokenAt: (at: number) => tokens[at] ?? EOS };
  const sequence = new Sequence(0, [1], params, source, (_, _token, piece) => pieces.push(piece), 0);
  while (sequence.finishReason === null) sequence.advance();
  return { pieces, sequence };
}

describe('one answer', () => {
  it('ends with an empty piece for the end-of-answer token', () => {
    const { pieces, sequence } = say('안녕');
    expect(pieces).toEqual(['안', '녕', '']);
    expect([sequence.finishReason, sequence.stopReason, sequence.generated]).toEqual(['stop', null, 3]);
  });

  it('is cut at max_tokens', () => {
    const { pieces, sequence } = say('안녕하세요', { maxTokens: 2 });
    expect(pieces).toEqual(['안', '녕']);
    expect(sequence.finishReason).toBe('length');
  });

  it('withholds what could be the beginning of a stop string, and the stop string itself', () => {
    const { pieces, sequence } = say('가나다라마바', { stop: ['라마'] });
    // One character is held back: the stop string could begin with it.
    expect(pieces).toEqual(['', '가', '나', '다', '']);
    expect([sequence.finishReason, sequence.stopReason]).toEqual(['stop', '라마']);
  });

  it('keeps the stop string when it is to be included', () => {
    const { pieces } = say('가나다라마바', { stop: ['라마'], includeStop: true });
    expect(pieces.join('')).toBe('가나다라마');
  });

  it('stops at the stop string that comes first', () => {
    expect(say('가나다라', { stop: ['라', '나다'] }).pieces.join('')).toBe('가');
  });

  it('sends what it withheld when it ends for another reason', () => {
    expect(say('가나다', { stop: ['아주긴문장'] }).pieces.join('')).toBe('가나다');
    expect(say('가나다라마', { stop: ['아주긴문장'], maxTokens: 3 }).pieces.join('')).toBe('가나다');
  });
});
