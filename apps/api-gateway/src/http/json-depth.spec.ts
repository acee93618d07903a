import { isDeeperThan } from './json-depth';

it.each<[string, number, boolean]>([
  ['1', 0, false],
  ['[]', 1, false],
  ['[[]]', 1, true],
  ['{"a":[{"b":1}]}', 3, false],
  ['{"a":[{"b":1}]}', 2, true],
  ['[[],[],[]]', 2, false],
  ['{"a":"[[[[[[[["}', 1, false],
  ['{"a":"\\"[[[["}', 1, false],
  ['{"a":"\\\\","b":[[]]}', 2, true],
  ['{"a":"\\\\\\"[[[[","b":1}', 1, false],
  ['{"a":"never ends [[[[', 1, false],
  ['', 0, false],
])('%s is deeper than %i: %s', (text, limit, deeper) => {
  expect(isDeeperThan(text, limit)).toBe(deeper);
});

it('takes a million levels without recursion', () => {
  expect(isDeeperThan('['.repeat(1_000_000), 1_000_000)).toBe(false);
  expect(isDeeperThan('['.repeat(1_000_001), 1_000_000)).toBe(true);
});
