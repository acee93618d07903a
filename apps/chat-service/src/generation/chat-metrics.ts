import type { Backend, CodeModelType } from '#contracts/code';
import type { HintLevel } from '#contracts/hints';
import type { Endpoint, RequestEnding, RequestFacts } from '#contracts/usage';
import { counter, gauge, histogram } from '#common/metrics';

/** 1.5 s is the promise of the first token. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60, 120, 300];

/** What Prometheus is told about generations. Labels are few on purpose: a model's name, an outcome. */
export class ChatMetrics {
  private readonly requests = counter('tandem_chat_requests_total', 'Admitted requests that ended', [
    'model',
    'outcome',
  ]);
  private readonly refused = counter('tandem_chat_refused_total', 'Requests refused before admission', ['code']);
  private readonly tokens = counter('tandem_chat_tokens_total', 'Tokens by direction', ['model', 'direction']);
  private readonly ttft = histogram('tandem_chat_ttft_seconds', 'Time from the gateway to the first token', SECONDS, [
    'model',
  ]);
  private readonly latency = histogram('tandem_chat_latency_seconds', 'Time from the gateway to the end', SECONDS, [
    'model',
  ]);

  private readonly codeRequests = counter('tandem_code_requests_total', 'Requests to the code assistant that ended', [
    'model_type',
    'backend',
    'outcome',
  ]);

  private readonly fallbackRequests = counter(
    'tandem_fallback_requests_total',
    'Requests that ended, for which another server stood in',
    ['endpoint', 'outcome'],
  );

  private readonly hintRequests = counter('tandem_hint_requests_total', 'Requests for a hint that ended', [
    'level',
    'backend',
    'outcome',
  ]);

  constructor(watched: {
    inFlight: () => number;
    journal: () => number;
    messages: () => number;
    frames: () => number;
  }) {
    gauge('tandem_chat_in_flight', 'Requests that run now', [], function () {
      this.set(watched.inFlight());
    });
    gauge('tandem_chat_journal_waiting', 'Ledger events that wait for NATS', [], function () {
      this.set(watched.journal());
    });
    gauge('tandem_chat_frame_messages', 'NATS messages of token frames sent since the start', [], function () {
      this.set(watched.messages());
    });
    gauge('tandem_chat_frames', 'Token frames sent since the start', [], function () {
      this.set(watched.frames());
    });
  }

  refuse(code: string): void {
    this.refused.inc({ code });
  }

  code(modelType: CodeModelType, backend: Backend, { outcome }: RequestEnding): void {
    this.codeRequests.inc({ model_type: modelType, backend, outcome });
  }

  hint(level: HintLevel, backend: Backend, { outcome }: RequestEnding): void {
    this.hintRequests.inc({ level: String(level), backend, outcome });
  }

  fallback(endpoint: Endpoint, { outcome }: RequestEnding): void {
    this.fallbackRequests.inc({ endpoint, outcome });
  }

  end(facts: RequestFacts, ending: RequestEnding): void {
    const { model } = facts;
    this.requests.inc({ model, outcome: ending.outcome });
    this.tokens.inc({ model, direction: 'input' }, ending.inputTokens);
    this.tokens.inc({ model, direction: 'output' }, ending.outputTokens);
    this.latency.observe({ model }, ending.latencyMs / 1_000);
    if (ending.ttftMs !== null) this.ttft.observe({ model }, ending.ttftMs / 1_000);
  }
}
