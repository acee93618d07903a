import { formatNumber } from '../../ui/format';

type Range = readonly number[];

/** 13.9 GiB. */
export function formatGib(gib: number): string {
  return `${formatNumber(gib, 1)} GiB`;
}

/** 13.8–13.9 GiB; one figure where both are the same. */
export function formatGibRange(range: Range): string {
  return `${formatRange(range, 1)} GiB`;
}

/** 69,423–71,537; one figure where both look the same. */
export function formatRange([low = 0, high = low]: Range, digits: 0 | 1 | 2 = 0): string {
  const [from, to] = [formatNumber(low, digits), formatNumber(high, digits)];
  return from === to ? from : `${from}–${to}`;
}
