import { goDuration } from './go-duration';

it.each<[number, string]>([
  [0, '0s'],
  [-5, '0s'],
  [6, '6ms'],
  [6.2, '7ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [1_250, '1.25s'],
  [59_999, '59.999s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [90_951, '1m30.951s'],
  [3_600_000, '1h0m0s'],
])('%i ms is %s', (milliseconds, text) => {
  expect(goDuration(milliseconds)).toBe(text);
});
