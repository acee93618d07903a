/** The next number at which a scale may end: 1, 2, 4, 5 or 8 times a power of ten, so that its half is round too. */
export function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 5, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return step * power;
}
