/** The fields of a DTO that the request really had: class fields that were left out stand there as undefined. */
export function given<T extends object>(dto: T): Partial<T> {
  const entries: [string, unknown][] = Object.entries(dto);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<T>;
}
