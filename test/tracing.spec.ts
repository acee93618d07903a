import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
}

/** What an OTLP exporter sends as JSON (opentelemetry-proto, trace.proto). */
interface Export {
  resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
}

describe('traces, with OTEL_EXPORTER_OTLP_ENDPOINT set', () => {
  const spans: Span[] = [];
  let collector: Server;
  let system: TestSystem;

  beforeAll(async () => {
    collector = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { resourceSpans } = JSON.parse(Buffer.concat(parts).toString()) as Export;
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done));
    const { port } = collector.address() as AddressInfo;
    system = await startSystem({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
  });

  afterAll(async () => {
    await system.stop();
    collector.close();
  });

  it('join the gateway and the chat service over NATS, below the trace of the caller', async () => {
    const response = await fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${system.apiKey}`,
        'content-type': 'application/json',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      body: JSON.stringify({ model: 'default', max_tokens: 3, messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(response.status).toBe(200);
    await response.text();
    /** Tandem's own requests have spans too. */
    const ours = (wanted: string): Promise<Span> =>
      eventually(
        () => spans.find(({ name, traceId }) => name === wanted && traceId === '0af7651916cd43dd8448eb211c80319c'),
        { timeoutMs: 60_000 },
      );
    const [gateway, chat] = [await ours('gateway.generate'), await ours('chat.generate')];
    expect(gateway).toMatchObject({ parentSpanId: 'b7ad6b7169203331' });
    expect(chat).toMatchObject({ parentSpanId: gateway.spanId });
  });
});
