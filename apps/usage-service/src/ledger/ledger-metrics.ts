import { counter, gauge, histogram } from '#common/metrics';

/** What Prometheus sees of the ledger. */
export const ledgerMetrics = () => ({
  events: counter('tandem_usage_events_total', 'Usage events that were taken', ['kind']),
  rows: counter('tandem_usage_rows_total', 'Rows written to the ledger, updates included'),
  deadLetters: counter('tandem_usage_dead_letters_total', 'Messages that could not be taken', ['reason']),
  orphans: counter('tandem_usage_orphans_total', 'Requests that were closed because their chat-service was gone'),
  deadLettersWaiting: gauge('tandem_usage_dead_letters_waiting', 'Dead letters that nobody has replayed yet'),
  lag: gauge('tandem_usage_lag_messages', 'Messages that wait to be written'),
  writeFailures: counter('tandem_usage_write_failures_total', 'Writes that failed and were tried again'),
  writeSeconds: histogram(
    'tandem_usage_write_seconds',
    'How long a write of a batch took',
    [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  ),
});

export type LedgerMetrics = ReturnType<typeof ledgerMetrics>;
