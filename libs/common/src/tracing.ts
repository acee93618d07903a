import { context, propagation, trace, type Span, type SpanOptions } from '@opentelemetry/api';
import type { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

let provider: NodeTracerProvider | null = null;

/** Starts OpenTelemetry when an endpoint is set; without one it is not loaded, and a span costs one comparison. */
export async function startTracing(service: string, endpoint: string | undefined): Promise<void> {
  if (endpoint === undefined || provider !== null) return;
  const [{ OTLPTraceExporter }, { resourceFromAttributes }, { BatchSpanProcessor, NodeTracerProvider }] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-node'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const started = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `tandem-${service}` }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  started.register();
  provider = started;
}

/** Sends what is left; called at shutdown. */
export async function stopTracing(): Promise<void> {
  await provider?.shutdown().catch(() => undefined);
  provider = null;
}

/** A span and the W3C `traceparent` that carries it over NATS or HTTP; null when tracing is off. */
export interface Traced {
  span: Span;
  traceparent: string;
}

export function startSpan(name: string, parent: string | undefined, options: SpanOptions = {}): Traced | null {
  if (provider === null) return null;
  const parentContext =
    parent === undefined ? context.active() : propagation.extract(context.active(), { traceparent: parent });
  const span = trace.getTracer('tandem').startSpan(name, options, parentContext);
  const carrier: { traceparent?: string } = {};
  propagation.inject(trace.setSpan(parentContext, span), carrier);
  return { span, traceparent: carrier.traceparent ?? '' };
}
