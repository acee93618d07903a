import { Counter, Gauge, Histogram, collectDefaultMetrics, register } from 'prom-client';

/** Process metrics of Node under the names that every Prometheus dashboard knows. Call once a process. */
export function collectProcessMetrics(): void {
  register.clear();
  collectDefaultMetrics();
}

/** Metrics are made once a process under one name, however often a test builds the module. */
export function counter<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> {
  return (register.getSingleMetric(name) as Counter<T> | undefined) ?? new Counter({ name, help, labelNames });
}

export function gauge<T extends string>(
  name: string,
  help: string,
  labelNames: readonly T[] = [],
  collect?: (this: Gauge<T>) => void,
): Gauge<T> {
  register.removeSingleMetric(name);
  return new Gauge({ name, help, labelNames, ...(collect === undefined ? {} : { collect }) });
}

export function histogram<T extends string>(
  name: string,
  help: string,
  buckets: number[],
  labelNames: readonly T[] = [],
): Histogram<T> {
  return (
    (register.getSingleMetric(name) as Histogram<T> | undefined) ?? new Histogram({ name, help, buckets, labelNames })
  );
}
