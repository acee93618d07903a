import type { Histogram } from './histogram';

/** A float as Python's client prints it: 1.0, 1.7952276947683616e+09. */
function pyMetric(value: number): string {
  if (value >= 1e9) return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

type Labels = Readonly<Record<string, string>>;

/** Label names stand in alphabetical order, as Python's client writes them. */
const labelText = (labels: Labels): string =>
  Object.keys(labels)
    .sort()
    .map((name) => `${name}="${(labels[name] ?? '').replace(/[\\"]/g, '\\$&')}"`)
    .join(',');

/** Builds a /metrics text as Python's Prometheus client does: each counter and histogram with its `_created` gauge. */
export class Exposition {
  private readonly lines: string[] = [];

  constructor(
    private readonly own: Labels,
    private readonly createdAtS: number,
  ) {}

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }

  process(name: string, help: string, type: 'gauge' | 'counter', value: number): void {
    this.family(name, help, type);
    this.lines.push(`${name} ${pyMetric(value)}`);
  }

  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.family(`vllm:${name}`, help, 'gauge');
    this.sample(`vllm:${name}`, labels, value);
  }

  gauges(name: string, help: string, label: string, values: Readonly<Record<string, number>>): void {
    this.family(`vllm:${name}`, help, 'gauge');
    for (const [key, value] of Object.entries(values)) this.sample(`vllm:${name}`, { [label]: key }, value);
  }

  counter(name: string, help: string, value: number): void {
    this.family(`vllm:${name}_total`, help, 'counter');
    this.sample(`vllm:${name}_total`, {}, value);
    this.family(`vllm:${name}_created`, help, 'gauge');
    this.sample(`vllm:${name}_created`, {}, this.createdAtS);
  }

  counters(
    name: string,
    help: string,
    label: string,
    values: Readonly<Record<string, number>>,
    { withoutEngine = false } = {},
  ): void {
    const entries = Object.entries(values);
    this.family(`vllm:${name}_total`, help, 'counter');
    for (const [key, value] of entries) this.sample(`vllm:${name}_total`, { [label]: key }, value, withoutEngine);
    this.family(`vllm:${name}_created`, help, 'gauge');
    for (const [key] of entries) this.sample(`vllm:${name}_created`, { [label]: key }, this.createdAtS, withoutEngine);
  }

  histogram(name: string, help: string, histogram: Histogram): void {
    const full = `vllm:${name}`;
    this.family(full, help, 'histogram');
    const counts = histogram.cumulative();
    histogram.bounds.forEach((bound, at) => {
      this.sample(`${full}_bucket`, { le: pyMetric(bound) }, counts[at] ?? 0);
    });
    this.sample(`${full}_bucket`, { le: '+Inf' }, histogram.count);
    this.sample(`${full}_count`, {}, histogram.count);
    this.sample(`${full}_sum`, {}, histogram.sum);
    this.family(`${full}_created`, help, 'gauge');
    this.sample(`${full}_created`, {}, this.createdAtS);
  }

  /** Keys are complete label texts. */
  httpRequests(requests: ReadonlyMap<string, number>): void {
    this.family('http_requests_total', 'Total number of requests by method, status and handler.', 'counter');
    for (const [labels, value] of requests) this.lines.push(`http_requests_total{${labels}} ${pyMetric(value)}`);
  }

  private family(name: string, help: string, type: string): void {
    this.lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  private sample(name: string, labels: Labels, value: number, withoutEngine = false): void {
    const { engine = '0', ...rest } = this.own;
    const all = withoutEngine ? { ...rest, ...labels } : { engine, ...rest, ...labels };
    this.lines.push(`${name}{${labelText(all)}} ${pyMetric(value)}`);
  }
}
