/** Sizes are bytes inside the fit check; GiB (2^30) is what people and vLLM's log read. */
export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

/** What a figure lies between, both ends included. */
export interface Range {
  low: number;
  high: number;
}

export const exactly = (value: number): Range => ({ low: value, high: value });

export function sum(...ranges: readonly Range[]): Range {
  return ranges.reduce((total, { low, high }) => ({ low: total.low + low, high: total.high + high }), exactly(0));
}

/** `from` minus everything in `parts`: the lowest is where the parts are largest. */
export function subtract(from: number, parts: Range): Range {
  return { low: from - parts.high, high: from - parts.low };
}

export const middle = ({ low, high }: Range): number => (low + high) / 2;

export const ceilDiv = (value: number, by: number): number => Math.ceil(value / by);

export const roundUp = (value: number, to: number): number => ceilDiv(value, to) * to;

/** As the answer shows it: GiB with two decimals, as vLLM logs them. */
export function gib({ low, high }: Range): [number, number] {
  return [toGib(low), toGib(high)];
}

export function toGib(bytes: number): number {
  return Math.round((bytes / GIB) * 100) / 100;
}

const NUMBERS = new Intl.NumberFormat('en');

/** 8,192. (One formatter for all: making one costs more than a whole check.) */
export const thousands = (value: number): string => NUMBERS.format(value);
