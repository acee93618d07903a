import i18next from 'i18next';

/** To make a formatter takes milliseconds, to use it microseconds: each is made once for each language. */
function inLanguage<Format>(make: (language: string) => Format): () => Format {
  const made = new Map<string, Format>();
  return () => {
    const { language } = i18next;
    const format = made.get(language) ?? make(language);
    made.set(language, format);
    return format;
  };
}

const dates = inLanguage((language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium' }));
const dateTimes = inLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }),
);
const days = inLanguage(
  (language) => new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', timeZone: 'UTC' }),
);
const times = inLanguage((language) => new Intl.DateTimeFormat(language, { timeStyle: 'medium' }));
const percents = inLanguage(
  (language) => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }),
);
/** By the most decimals that they show. */
const numbers = [0, 1, 2, 3].map((maximumFractionDigits) =>
  inLanguage((language) => new Intl.NumberFormat(language, { maximumFractionDigits })),
);

/** In the language of the UI, in the time zone of the browser. */
export function formatDate(iso: string): string {
  return dates().format(new Date(iso));
}

export function formatDateTime(iso: string): string {
  return dateTimes().format(new Date(iso));
}

/** A calendar day, YYYY-MM-DD, without its year and wherever the browser is: Nov 21. */
export function formatDay(day: string): string {
  return days().format(new Date(day));
}

export function formatNumber(value: number, maximumFractionDigits: 0 | 1 | 2 | 3 = 0): string {
  return numbers[maximumFractionDigits]?.().format(value) ?? String(value);
}

/** Of a share: 0.0123 is 1.2 %. */
export function formatPercent(share: number): string {
  return percents().format(share);
}

/** 14:03:25, of an epoch in milliseconds. */
export function formatTime(at: number): string {
  return times().format(new Date(at));
}

/** 350 ms; 2.4 s. */
export function formatDuration(ms: number): string {
  return ms < 1_000 ? `${formatNumber(ms)} ms` : `${formatNumber(ms / 1_000, 1)} s`;
}

/** 1,024 of each: 12.3 MiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${formatNumber(bytes / 1_024 ** power, power === 0 ? 0 : 1)} ${units[power] ?? ''}`;
}
