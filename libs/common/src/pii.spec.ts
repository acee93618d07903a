import { maskPii } from './pii';

describe('personal data', () => {
  it.each([
    ['Write to jay.park+x@mail.example.co.kr.', 'Write to [EMAIL].'],
    ['메일은 jay＠example.com입니다', '메일은 [EMAIL]입니다'],
    ['전화010-1234-5678로', '전화[PHONE]로'],
    ['01012345678, 02-123-4567, (031) 123-4567', '[PHONE], [PHONE], [PHONE]'],
    ['+82 10-1234-5678 or +49 (0)30 123456', '[PHONE] or [PHONE]'],
    ['Call (415) 555-2671 now', 'Call [PHONE] now'],
    ['주민번호 900101-1234568', '주민번호 [RESIDENT NUMBER]'],
    ['card 4111 1111 1111 1111, 4111111111111111', 'card [CARD], [CARD]'],
    ['amex 3782-822463-10005', 'amex [CARD]'],
    ['DE89 3704 0044 0532 0130 00 is my account', '[IBAN] is my account'],
    ['gb29nwbk60161331926819', '[IBAN]'],
    ['０１０－１２３４－５６７８', '[PHONE]'],
  ])('is masked: %s', (text, masked) => {
    expect(maskPii(text)).toBe(masked);
  });

  it.each([
    'at 10 @ 5',
    '4111 1111 1111 1112',
    'DE00 1234 5678 9012 3456 78',
    'version 1.20.300 of 2024-01-31T10:20:30Z',
    '"time":1700000000000,"pid":12345',
    'sk-0101234567890123',
    '1234567890123456789012345678901234567890',
  ])('is not seen in: %s', (text) => {
    expect(maskPii(text)).toBe(text);
  });

  it('takes time that grows with the text alone', () => {
    for (const text of ['a'.repeat(300_000), '1 '.repeat(200_000), 'a@'.repeat(100_000), 'DE89 '.repeat(60_000)])
      expect(maskPii(text)).toHaveLength(text.length);
  });
});
