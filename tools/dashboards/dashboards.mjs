import { dashboard, figure, lines, logLines } from './panels.mjs';

const SERVICES = 'api-gateway|chat-service|model-manager|usage-service';

const overview = dashboard(
  'tandem-overview',
  'Tandem: overview',
  'Is it up, is it fast, who waits: the KPIs and what moves them.',
  [
    {
      title: 'Promises',
      height: 4,
      panels: [
        figure('Serving now', 'short', 'tandem:serving', {
          warn: 1,
          moreIsBetter: true,
          about: '1 while a chat would be served.',
        }),
        figure('Failed requests, 1 h (promise < 1 %)', 'percentunit', 'tandem:failed:ratio1h or vector(0)', {
          warn: 0.01,
        }),
        figure('Available, 6 h (promise 99.5 %)', 'percentunit', '1 - tandem:down:ratio6h', {
          warn: 0.995,
          moreIsBetter: true,
        }),
        figure('First token p50 (promise < 1.5 s)', 's', 'max(tandem:ttft_seconds:p50_5m)', { warn: 1.5 }),
        figure('Requests a minute', 'short', 'sum(rate(tandem_chat_requests_total[5m])) * 60'),
        figure('Tokens a second', 'short', 'sum(tandem:output_tokens:rate1m)'),
      ],
    },
    {
      title: 'Requests',
      panels: [
        lines(
          'Ended, by outcome',
          'reqps',
          [{ expr: 'sum by (outcome) (rate(tandem_chat_requests_total[5m]))', legend: '{{outcome}}' }],
          { stack: true },
        ),
        lines('Running and waiting', 'short', [
          { expr: 'sum(tandem_chat_in_flight)', legend: 'running' },
          { expr: 'sum(tandem_chat_queue_waiting)', legend: 'waiting' },
          { expr: 'sum(tandem_gateway_streams)', legend: 'held by gateways' },
        ]),
        lines('Turned away, by code', 'reqps', [
          { expr: 'sum by (code) (rate(tandem_gateway_refused_total[5m]))', legend: '{{code}}' },
        ]),
      ],
    },
    {
      title: 'Speed',
      panels: [
        lines(
          'Time to first token',
          's',
          [
            { expr: 'tandem:ttft_seconds:p50_5m', legend: '{{model}} p50' },
            { expr: 'tandem:ttft_seconds:p95_5m', legend: '{{model}} p95' },
          ],
          { warn: 1.5 },
        ),
        lines('Whole answers, p95', 's', [{ expr: 'tandem:latency_seconds:p95_5m', legend: '{{model}}' }]),
        lines('Tokens a second', 'short', [{ expr: 'tandem:output_tokens:rate1m', legend: '{{model}}' }], {
          stack: true,
        }),
      ],
    },
  ],
);

const models = dashboard(
  'tandem-models',
  'Tandem: models and GPUs',
  'The engines, their life, and the cards they run on.',
  [
    {
      title: 'Engines',
      panels: [
        lines('Up', 'short', [{ expr: 'max by (engine) (tandem_engine_up)', legend: '{{engine}}' }], { max: 1 }),
        lines('Requests that the engine holds', 'short', [
          { expr: 'max by (engine) (tandem_engine_requests)', legend: '{{engine}}' },
        ]),
        lines('Failures and restarts, 15 min', 'short', [
          {
            expr: 'sum by (engine, cause) (increase(tandem_engine_failures_total[15m]))',
            legend: '{{engine}}: {{cause}}',
          },
          { expr: 'sum by (engine) (increase(tandem_engine_restarts_total[15m]))', legend: '{{engine}} restarts' },
        ]),
        lines('Last load', 's', [{ expr: 'max by (engine) (tandem_engine_load_seconds)', legend: '{{engine}}' }]),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        lines('Memory', 'bytes', [
          { expr: 'max by (gpu) (tandem_gpu_memory_used_bytes)', legend: 'GPU {{gpu}} used' },
          { expr: 'max by (gpu) (tandem_gpu_memory_total_bytes)', legend: 'GPU {{gpu}} in all' },
        ]),
        lines(
          'Utilisation',
          'percent',
          [{ expr: 'max by (gpu) (tandem_gpu_utilisation_percent)', legend: 'GPU {{gpu}}' }],
          { max: 100 },
        ),
        lines(
          'Temperature',
          'celsius',
          [{ expr: 'max by (gpu) (tandem_gpu_temperature_celsius)', legend: 'GPU {{gpu}}' }],
          { warn: 85 },
        ),
        lines('Power', 'watt', [{ expr: 'max by (gpu) (tandem_gpu_power_watts)', legend: 'GPU {{gpu}}' }]),
      ],
    },
    {
      title: 'Cards and host, from the DCGM and node exporters',
      panels: [
        lines('Last Xid', 'short', [{ expr: 'max by (gpu) (DCGM_FI_DEV_XID_ERRORS)', legend: 'GPU {{gpu}}' }], {
          about: '79: a card that fell off the bus. docs/troubleshooting.md.',
        }),
        lines('Clock, MHz', 'short', [{ expr: 'max by (gpu) (DCGM_FI_DEV_SM_CLOCK)', legend: 'GPU {{gpu}}' }], {
          about: 'It falls while a card slows itself down.',
        }),
        lines(
          'Processors in use',
          'percentunit',
          [{ expr: '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[1m]))', legend: 'host' }],
          { max: 1 },
        ),
        lines('Memory left', 'bytes', [{ expr: 'min(node_memory_MemAvailable_bytes)', legend: 'host' }]),
      ],
    },
  ],
);

const usage = dashboard(
  'tandem-usage',
  'Tandem: usage',
  'What is used, and whether the ledger keeps up. Who used it is in the Usage page, not in metrics.',
  [
    {
      title: 'Tokens',
      panels: [
        lines('Tokens a minute', 'short', [
          { expr: 'sum by (direction) (rate(tandem_chat_tokens_total[5m])) * 60', legend: '{{direction}}' },
        ]),
        lines(
          'Tokens by model, 1 h',
          'short',
          [{ expr: 'sum by (model) (increase(tandem_chat_tokens_total[1h]))', legend: '{{model}}' }],
          { stack: true },
        ),
        lines(
          'Requests by model',
          'reqps',
          [{ expr: 'sum by (model) (rate(tandem_chat_requests_total[5m]))', legend: '{{model}}' }],
          { stack: true },
        ),
      ],
    },
    {
      title: 'Ledger',
      panels: [
        lines('Events that wait', 'short', [
          { expr: 'max(tandem_usage_lag_messages)', legend: 'to be written' },
          { expr: 'sum(tandem_chat_journal_waiting)', legend: 'to be handed to NATS' },
          { expr: 'max(tandem_usage_dead_letters_waiting)', legend: 'dead letters' },
        ]),
        lines('Rows written', 'reqps', [
          { expr: 'sum(rate(tandem_usage_rows_total[5m]))', legend: 'rows' },
          { expr: 'sum(rate(tandem_usage_write_failures_total[5m]))', legend: 'failed writes' },
        ]),
        lines('A batch takes', 's', [
          {
            expr: 'histogram_quantile(0.95, sum by (le) (rate(tandem_usage_write_seconds_bucket[5m])))',
            legend: 'p95',
          },
        ]),
        lines(
          'Engine minus ledger',
          'short',
          [{ expr: 'max by (engine, direction) (tandem_usage_drift_tokens)', legend: '{{engine}} {{direction}}' }],
          {
            about: 'Tokens that the engine counted and the ledger does not have. Compared whenever the engine is idle.',
          },
        ),
      ],
    },
  ],
);

const reliability = dashboard(
  'tandem-reliability',
  'Tandem: reliability',
  'The error budget, the processes, and what they log.',
  [
    {
      title: 'Error budget',
      panels: [
        lines(
          'Failed requests (promise < 1 %)',
          'percentunit',
          [
            { expr: 'tandem:failed:ratio5m', legend: '5 min' },
            { expr: 'tandem:failed:ratio1h', legend: '1 h' },
            { expr: 'tandem:failed:ratio6h', legend: '6 h' },
          ],
          { warn: 0.01 },
        ),
        lines(
          'Not serving (promise < 0.5 %)',
          'percentunit',
          [
            { expr: 'tandem:down:ratio5m', legend: '5 min' },
            { expr: 'tandem:down:ratio1h', legend: '1 h' },
            { expr: 'tandem:down:ratio6h', legend: '6 h' },
          ],
          { warn: 0.005 },
        ),
        lines('Queue', 's', [
          {
            expr: 'histogram_quantile(0.95, sum by (le) (rate(tandem_chat_queue_wait_seconds_bucket[5m])))',
            legend: 'wait p95',
          },
        ]),
      ],
    },
    {
      title: 'Processes',
      panels: [
        lines('Answering', 'short', [{ expr: `sum by (job) (up{job=~"${SERVICES}"})`, legend: '{{job}}' }]),
        lines('CPU', 'short', [
          { expr: `sum by (job) (rate(process_cpu_seconds_total{job=~"${SERVICES}"}[5m]))`, legend: '{{job}}' },
        ]),
        lines('Memory', 'bytes', [
          { expr: `sum by (job) (process_resident_memory_bytes{job=~"${SERVICES}"})`, legend: '{{job}}' },
        ]),
        lines('Event loop delay p99', 's', [
          { expr: `max by (job) (nodejs_eventloop_lag_p99_seconds{job=~"${SERVICES}"})`, legend: '{{job}}' },
        ]),
      ],
    },
    {
      title: 'Log',
      height: 10,
      panels: [logLines('Warnings and errors', '{app="tandem", level=~"warn|error|fatal"}')],
    },
  ],
);

/** File name without its ending -> dashboard. */
export const dashboards = { overview, models, usage, reliability };
