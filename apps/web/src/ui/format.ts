import i18next from 'i18next';

/** In the language of the UI, in the time zone of the browser. */
export function formatDate(iso: string): string {
  return new Intl.DateTimeFormat(i18next.language, { dateStyle: 'medium' }).format(new Date(iso));
}

export function formatDateTime(iso: string): string {
  return new Intl.DateTimeFormat(i18next.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

/** A calendar day, YYYY-MM-DD, without its year and wherever the browser is: Nov 21. */
export function formatDay(day: string): string {
  return new Intl.DateTimeFormat(i18next.language, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(
    new Date(day),
  );
}

export function formatNumber(value: number, maximumFractionDigits = 0): string {
  return new Intl.NumberFormat(i18next.language, { maximumFractionDigits }).format(value);
}

/** Of a share: 0.0123 is 1.2 %. */
export function formatPercent(share: number): string {
  return new Intl.NumberFormat(i18next.language, { style: 'percent', maximumFractionDigits: 1 }).format(share);
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
