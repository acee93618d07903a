import { PiiFront } from './pii-front';

/** Where personal data may be under way at the end of a text that comes in pieces of so many characters. */
function beginsAt(text: string, size: number): number {
  const front = new PiiFront();
  for (let at = 0; at < text.length; at += size) front.read(text.slice(at, at + size));
  return front.begin;
}

describe('what may become personal data at the end of a text', () => {
  it.each([
    ['nothing', 'Nothing here. ', 14],
    ['a number', 'My number is 010-12', 13],
    ['a number in full width', 'My number is ０１０－１２', 13],
    ['a number behind signs', 'Call (+82 10', 5],
    ['signs', 'Call us ((+', 8],
    ['the last word', 'Mail jay.pa', 5],
    ['an IBAN', 'It is DE89 3704 0', 6],
    ['an IBAN with dashes and spaces', 'It is DE89-3704 0', 6],
    ['no IBAN of a country that has none', 'It is QQ89 x3704 y', 17],
    ['no IBAN that is longer than its country has', 'DE89 3704 0044 0532 0130 00 and more text', 37],
    ['no more than the longest there is', 'x'.repeat(1_000), 744],
  ])('is %s', (_, text, begin) => {
    for (const size of [1, 3, 1_000]) expect(beginsAt(text, size)).toBe(begin);
  });

  it.each([
    ['an @', 'a@', 1],
    ['the eighth digit of a run', 'on 2024-01-31, 1234-56-78', 24],
    ['the end of an IBAN', 'NO93 8601 1117 947x', 17],
    ['nothing in a text with short numbers', 'In 2024 there were 1,234,567 of 12 in 3 rooms', -1],
  ])('is worth a look at %s', (_, text, sign) => {
    const front = new PiiFront();
    front.read(text);
    expect(front.lastSign).toBe(sign);
  });
});
