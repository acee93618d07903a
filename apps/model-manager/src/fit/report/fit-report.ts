import type { ComparedBoot } from '../testing/boots';
import { GIB, middle, type Range } from '../units';

/** What a boot says of the prediction. */
export interface Judgement {
  kv: 'inside' | 'outside' | 'not given';
  tokens: 'inside' | 'outside' | 'not given';
  verdict: 'right' | 'wrong';
  /** Half the width of the range of the cache, in GiB, and as a part of its middle. */
  halfWidthGib: number;
  halfWidthPart: number;
}

/** vLLM prints GiB with two decimals: half of the last one either way. */
const ROUNDING_GIB = 0.005;

export function judgeBoot({ fit, observed }: ComparedBoot): Judgement | null {
  if (fit === null) return null;
  const cache = cacheOf(fit.memory.map(({ kvCache }) => kvCache));
  const half = (cache.high - cache.low) / 2 / GIB;
  return {
    kv: within(observed.kvGib, { low: cache.low / GIB, high: cache.high / GIB }, ROUNDING_GIB),
    tokens: within(observed.tokens, fit.tokens, 0),
    verdict: observed.refused === (fit.verdict === 'no') ? 'right' : 'wrong',
    halfWidthGib: half,
    halfWidthPart: half / Math.abs(middle(cache) / GIB),
  };
}

export function cacheOf(caches: readonly Range[]): Range {
  return { low: Math.min(...caches.map(({ low }) => low)), high: Math.min(...caches.map(({ high }) => high)) };
}

function within(seen: number | null, { low, high }: Range, slack: number): 'inside' | 'outside' | 'not given' {
  if (seen === null) return 'not given';
  return seen >= low - slack && seen <= high + slack ? 'inside' : 'outside';
}

/** The table that `npm run fit:report` prints. */
export function reportLines(boots: readonly ComparedBoot[]): string[] {
  const lines: string[] = [];
  for (const boot of boots) lines.push(...bootLines(boot), '');
  return [...lines, ...summary(boots)];
}

function bootLines(boot: ComparedBoot): string[] {
  const { fit, observed } = boot;
  const title = `${boot.file} ${boot.row}  ${boot.model}  ${boot.gpus}  vLLM ${boot.version}${boot.old ? '  [old: before 0.11]' : ''}`;
  const seen = `  seen       ${boot.outcome}; weights ${shown(observed.weightsGib)}, KV ${shown(observed.kvGib)} GiB, ${observed.tokens?.toLocaleString('en') ?? '-'} tokens`;
  const judged = judgeBoot(boot);
  if (fit === null || judged === null) return [title, seen, `  not checked: ${boot.why ?? ''}`];
  const cache = cacheOf(fit.memory.map(({ kvCache }) => kvCache));
  const weights = fit.memory[0]?.weights ?? { low: 0, high: 0 };
  const lines = [
    title,
    seen,
    `  predicted  ${fit.verdict}; weights ${gib(weights)}, KV ${gib(cache)} GiB, ${fit.tokens.low.toLocaleString('en')} to ${fit.tokens.high.toLocaleString('en')} tokens`,
    `  KV ${judged.kv}, tokens ${judged.tokens}, verdict ${judged.verdict}, range +-${judged.halfWidthGib.toFixed(2)} GiB (${(judged.halfWidthPart * 100).toFixed(1)} %)`,
  ];
  const missed = judged.kv === 'outside' || judged.tokens === 'outside' || judged.verdict === 'wrong';
  return missed ? [...lines, `  MISS: ${boot.why ?? missReason(boot)}`] : lines;
}

function missReason({ old }: ComparedBoot): string {
  return old
    ? 'a version before 0.11 sized its cache by other rules'
    : 'the boot took more or less than the parts that the check knows';
}

function summary(boots: readonly ComparedBoot[]): string[] {
  const judged = boots.map(judgeBoot).filter((judgement) => judgement !== null);
  const count = (pick: (judgement: Judgement) => string, what: string): number =>
    judged.filter((judgement) => pick(judgement) === what).length;
  return [
    `${boots.length} boots, ${judged.length} of them comparable`,
    `KV cache: ${count(({ kv }) => kv, 'inside')} inside, ${count(({ kv }) => kv, 'outside')} outside`,
    `tokens:   ${count(({ tokens }) => tokens, 'inside')} inside, ${count(({ tokens }) => tokens, 'outside')} outside`,
    `verdict:  ${count(({ verdict }) => verdict, 'right')} right, ${count(({ verdict }) => verdict, 'wrong')} wrong`,
  ];
}

const shown = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
const gib = ({ low, high }: Range): string => `${(low / GIB).toFixed(2)} to ${(high / GIB).toFixed(2)}`;
