import { counter, gauge } from '#common/metrics';

/** What Prometheus sees of the engines. */
export const engineMetrics = () => ({
  up: gauge('tandem_engine_up', '1 while the engine answers, else 0', ['engine']),
  restarts: counter('tandem_engine_restarts_total', 'Starts of an engine after a failure', ['engine', 'cause']),
  failures: counter('tandem_engine_failures_total', 'Failures of an engine', ['engine', 'cause']),
  loadSeconds: gauge('tandem_engine_load_seconds', 'How long the last load of the engine took', ['engine']),
  busy: gauge('tandem_engine_requests', 'Requests that the engine holds, running or waiting', ['engine']),
});

export type EngineMetrics = ReturnType<typeof engineMetrics>;
