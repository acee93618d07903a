import fc from 'fast-check';
import { Detokenizer, detokenize, tokenize, VOCABULARY_SIZE } from './simulated-tokens';

describe('the simulated tokenizer', () => {
  it('gives back any well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(detokenize(tokenize(text))).toBe(text);
      }),
    );
  });

  it('stays within its vocabulary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokenize(text).every((id) => id >= 0 && id < VOCABULARY_SIZE)).toBe(true);
      }),
    );
  });

  it('makes one token of a Korean syllable and four of an emoji', () => {
    expect(tokenize('안녕')).toHaveLength(2);
    expect(tokenize('😀')).toHaveLength(4);
  });

  it('holds the bytes of an unfinished character back', () => {
    const detokenizer = new Detokenizer();
    expect(tokenize('a😀b').map((id) => detokenizer.push(id))).toEqual(['a', '', '', '', '😀', 'b']);
  });

  it('shows bytes that never become a character as U+FFFD with the next text', () => {
    const [first = 0] = tokenize('😀');
    const detokenizer = new Detokenizer();
    expect(detokenizer.push(first)).toBe('');
    expect(detokenizer.push(tokenize('x')[0] ?? 0)).toBe('\ufffdx');
  });
});
