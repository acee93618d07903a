import { counter, gauge, histogram } from '#common/metrics';
import type { Refusal } from './queue-state';

const SECONDS = [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What Prometheus is told about the queue. */
export class AdmissionMetrics {
  private readonly refused = counter('tandem_chat_queue_refused_total', 'Requests that the queue refused', ['why']);
  private readonly elsewhere = counter(
    'tandem_chat_retried_elsewhere_total',
    'Requests whose engine failed before it answered, and that another engine took',
    [],
  );
  private readonly wait = histogram(
    'tandem_chat_queue_wait_seconds',
    'Time in the queue, of requests that had to wait and were started',
    SECONDS,
  );

  constructor(waiting: () => number) {
    gauge('tandem_chat_queue_waiting', 'Requests that wait for an engine', [], function () {
      this.set(waiting());
    });
  }

  refuse(why: Refusal): void {
    this.refused.inc({ why });
  }

  /** A request went on to another engine. */
  moved(): void {
    this.elsewhere.inc();
  }

  waited(ms: number): void {
    this.wait.observe(ms / 1_000);
  }
}
