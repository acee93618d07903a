import fc from 'fast-check';
import { RE2JS } from 're2js';
import type { GuardList } from '#contracts/guardrails';
import { maskPii } from '#common/pii';
import { guardPolicy } from '../testing/guard-policy';
import type { Detector } from './detection';
import { GuardedText, guardText } from './guarded-text';
import { originOf, readForPatterns } from './pattern-text';
import { compilePolicy } from './policy';

const policy = (lists: Partial<GuardList>[], maskPiiInAnswers = false): Detector[] =>
  compilePolicy('d', guardPolicy(lists, maskPiiInAnswers)).output;

const PATTERNS = [
  'key-[a-z0-9]{3,8}',
  '\\bcat\\b',
  'end$',
  '^top',
  'a.{1,6}z',
  '(ab|abc|abcd)',
  '😀{2}',
  '바.보',
  '[^x]{20}x',
];
const WORDS = ['badword', 'ass', 'bad', '바보', '바', '회사 기밀', 'café', '𝒳yz', 'he', 'hers', 'ㅋㅋㅋ'];

/** Parts of which texts are made in which something is found, or nearly. */
const part = fc.oneof(
  fc.constantFrom(
    ...[
      'badword',
      'b.a.d',
      'BAD',
      'ｂａｄ',
      'wo',
      'rd',
      'as',
      's',
      'hers',
      '바',
      '보',
      'ㅂ',
      'ㅏ',
      '봉',
      '회사',
      '기밀',
    ],
    ...[
      'caf',
      'e',
      '\u0301',
      '\u0336',
      '\u200b',
      '\u00ad',
      'ﬁ',
      '½',
      '𝒳',
      'yz',
      '😀',
      '\ud83d',
      '\ude00',
      'ㅋㅋ',
      '\u1107',
      '\u1161',
    ],
    ...['key-', 'KEY-', 'cat', 'end', 'top', 'a', 'b', 'c', 'd', 'z', 'x', '1234', '-', '_'],
    ...[' ', '  ', '\n', '\r\n', '.', ', ', '          ', '　'],
  ),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
);
const personal = fc.constantFrom(
  ...[
    'jay@example.com',
    'jay',
    '@',
    '.co.kr',
    '010-1234-5678',
    '010',
    '1234',
    '5678',
    ' ',
    ' ',
    '-',
    '+82 ',
    '(',
    ')',
    'a',
    '_',
    '\n',
    ', ',
  ],
  ...[
    '4111 1111 1111 1111',
    '4111',
    '900101-1234568',
    'DE89 3704 0044 0532 0130 00',
    'DE89',
    ' 3704',
    'gb29nwbk60161331926819',
    '０１０',
  ],
);
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

interface Through {
  text: string;
  blocked: boolean;
  rules: string[];
}

const rulesOf = (verdicts: readonly { rule: string }[]): string[] =>
  [...new Set(verdicts.map(({ rule }) => rule))].sort();

/** In pieces of so many characters, again and again. */
function inPieces(text: string, sizes: readonly number[], detectors: readonly Detector[]): Through {
  const stream = new GuardedText(detectors);
  const rules: { rule: string }[] = [];
  let passed = '';
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieces.at(-1)?.length ?? 1)
    pieces.push(text.slice(at, at + (sizes[pieces.length % sizes.length] ?? 1)));
  for (const piece of [...pieces, null]) {
    const { text: next, blocked, verdicts } = piece === null ? stream.end() : stream.push(piece);
    rules.push(...verdicts);
    // Of a piece in which something blocks nothing is sent.
    if (blocked) return { text: passed, blocked, rules: rulesOf(rules) };
    passed += next;
  }
  return { text: passed, blocked: false, rules: rulesOf(rules) };
}

function whole(text: string, detectors: readonly Detector[]): Through {
  const { text: masked, blocked, verdicts } = guardText(text, detectors);
  return { text: masked, blocked, rules: rulesOf(verdicts) };
}

const same = (given: readonly Detector[], parts: fc.Arbitrary<string>): void =>
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 40 }), cuts, (all, sizes) => {
      const text = all.join('');
      expect(inPieces(text, sizes, given)).toEqual(whole(text, given));
    }),
    { numRuns: 400 },
  );

describe('a text that comes in pieces, wherever it is cut', () => {
  it('loses the same words', () => {
    same(policy([{ text: WORDS.join('\n') }]), part);
  });

  it('loses the same patterns', () => {
    same(policy([{ kind: 'patterns', text: PATTERNS.join('\n') }]), part);
  });

  it('loses the same personal data', () => {
    same(policy([], true), personal);
  });

  it('loses the same of everything at once', () => {
    const lists = [{ text: WORDS.join('\n') }, { kind: 'patterns' as const, text: PATTERNS.join('\n') }];
    same(policy(lists, true), fc.oneof(part, personal));
  });

  it('is flagged for the same', () => {
    same(policy([{ text: WORDS.join('\n'), action: 'flag' }]), part);
  });

  it('is blocked when the whole is, and nothing behind the place is seen', () => {
    const given = policy([{ text: 'badword\n바보', action: 'block' }, { text: WORDS.join('\n') }]);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), cuts, (all, sizes) => {
        const text = all.join('');
        const [pieces, full] = [inPieces(text, sizes, given), whole(text, given)];
        expect(pieces.blocked).toBe(full.blocked);
        if (full.blocked) expect(full.text.startsWith(pieces.text)).toBe(true);
        else expect(pieces.text).toBe(full.text);
      }),
    );
  });
});

describe('a whole text', () => {
  it('loses what RE2 finds in it, of one pattern', () => {
    const each = PATTERNS.map((source) => ({ source, given: policy([{ kind: 'patterns', text: source }]) }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.constantFrom(...each), (all, { source, given }) => {
        const text = all.join('');
        expect(whole(text, given).text).toBe(replaced(text, source));
      }),
      { numRuns: 400 },
    );
  });

  it('loses the personal data that is masked in logs', () => {
    const given = policy([], true);
    fc.assert(
      fc.property(fc.array(personal, { maxLength: 40 }), (all) => {
        const text = all.join('');
        expect(whole(text, given).text).toBe(maskPii(text));
      }),
      { numRuns: 400 },
    );
  });

  it('costs time that grows with it alone, whatever it is made of', () => {
    const given = policy(
      [{ text: WORDS.join('\n') }, { kind: 'patterns', text: `${PATTERNS.join('\n')}\n\\w{3,200}!` }],
      true,
    );
    for (const unit of ['a', 'a\u0301', '1 ', 'a@', 'DE89 ', '바', '\u0301', 'ab', '\u200b'])
      expect(inPieces(unit.repeat(10_000), [4], given).blocked).toBe(false);
  });
});

/** What RE2 alone makes of the text. */
function replaced(text: string, source: string): string {
  const read = readForPatterns(text);
  const matcher = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE | RE2JS.MULTILINE).matcher(read.text);
  let out = '';
  let at = 0;
  while (matcher.find()) {
    const [start, end] = [originOf(read, matcher.start()), originOf(read, matcher.end())];
    if (start >= at) out += `${text.slice(at, start)}***`;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}
