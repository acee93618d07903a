import fc from 'fast-check';
import { ChunkBuffer, wholeLength, type ChunkOptions } from './chunk-buffer';

const OPTIONS: ChunkOptions = { minChars: 16, maxDelayMs: 50 };

interface Sent {
  at: number;
  text: string;
}

/** Plays pieces at their times, with a timer that is exact. */
function play(pieces: readonly Sent[], options = OPTIONS): Sent[] {
  const buffer = new ChunkBuffer(options);
  const sent: Sent[] = [];
  const note = (text: string, at: number): void => {
    if (text !== '') sent.push({ at, text });
  };
  for (const { at, text } of pieces) {
    while (buffer.dueAt !== null && buffer.dueAt < at) {
      const due = buffer.dueAt;
      note(buffer.poll(due), due);
      if (buffer.dueAt === due) break;
    }
    note(buffer.push(text, at), at);
  }
  note(buffer.flush(), pieces.at(-1)?.at ?? 0);
  return sent;
}

const every = (ms: number, count: number, text = 'abcd'): Sent[] =>
  Array.from({ length: count }, (_, index) => ({ at: index * ms, text }));

describe('chunks', () => {
  it('200 tokens at 50 a second become 50 to 100 chunks, at least 10 in each second', () => {
    const sent = play(every(20, 200));
    expect(sent.length).toBeGreaterThanOrEqual(50);
    expect(sent.length).toBeLessThanOrEqual(100);
    for (let second = 0; second < 4; second++) {
      const inIt = sent.filter(({ at }) => at >= second * 1_000 && at < (second + 1) * 1_000);
      expect(inIt.length).toBeGreaterThanOrEqual(10);
    }
  });

  it('are about 70 % fewer than tokens at full speed', () => {
    const sent = play(every(0.1, 1_000));
    expect(sent.length).toBeGreaterThanOrEqual(200);
    expect(sent.length).toBeLessThanOrEqual(350);
  });

  it('begin with the first piece, at once', () => {
    expect(
      play([
        { at: 7, text: 'a' },
        { at: 8, text: 'b' },
      ])[0],
    ).toEqual({ at: 7, text: 'a' });
  });

  it('leave a piece no longer than the delay', () => {
    const sent = play([
      { at: 0, text: 'a' },
      { at: 10, text: 'b' },
      { at: 500, text: 'c' },
    ]);
    expect(sent).toEqual([
      { at: 0, text: 'a' },
      { at: 50, text: 'b' },
      { at: 500, text: 'c' },
    ]);
  });

  it('hold a slow stream up by nothing', () => {
    expect(play(every(60, 5))).toEqual(every(60, 5));
  });

  it('have the size that was asked for', () => {
    const sent = play(every(0, 101, 'ab'), { minChars: 10, maxDelayMs: 1_000 });
    expect(sent.map(({ text }) => text.length)).toEqual([2, ...Array<number>(20).fill(10)]);
  });

  it.each([
    ['a surrogate pair', '🚀', 1],
    ['CRLF', '\r\n', 1],
    ['the letters of a Hangul syllable', '한'.normalize('NFD'), 1],
    ['the letters of a Hangul syllable', '한'.normalize('NFD'), 2],
  ])('do not part %s', (_, whole, cut) => {
    const parts = [
      { at: 0, text: `a${whole.slice(0, cut)}` },
      { at: 100, text: `${whole.slice(cut)}b` },
    ];
    for (const { text } of play(parts))
      expect(text.includes(whole) || !/[\ud800-\udfff\r\n\u1100-\u11ff]/.test(text)).toBe(true);
    expect(
      play(parts)
        .map(({ text }) => text)
        .join(''),
    ).toBe(`a${whole}b`);
  });

  it('a text ends where the next one may begin', () => {
    expect(wholeLength('abc')).toBe(3);
    expect(wholeLength('ab\ud83d')).toBe(2);
    expect(wholeLength('ab\r')).toBe(2);
    expect(wholeLength('ab한')).toBe(3);
    expect(wholeLength(`한${'국'.normalize('NFD')}`)).toBe(1);
    expect(wholeLength('한국'.normalize('NFD'))).toBe('한'.normalize('NFD').length);
    expect(wholeLength('')).toBe(0);
  });

  it('have all of the text, whatever it is and however it came', () => {
    const piece = fc.record({
      at: fc.nat(40),
      text: fc.oneof(fc.string(), fc.constantFrom('\r', '\n', '\ud83d', '\ude80', '\u1112', '\u1161')),
    });
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 30 }), fc.nat(100), (pieces, minChars, maxDelayMs) => {
        let at = 0;
        const timed = pieces.map((one) => ({ at: (at += one.at), text: one.text }));
        expect(
          play(timed, { minChars, maxDelayMs })
            .map(({ text }) => text)
            .join(''),
        ).toBe(pieces.map(({ text }) => text).join(''));
      }),
    );
  });
});
