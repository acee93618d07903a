import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLoki } from '../loki-server.mjs';
import { programs } from '../programs.mjs';

/** As deploy/alloy labels them: app, service, level. The line is what the service or vLLM wrote. */
const LINES = [
  ...Array.from({ length: 10 }, (_, n) => ['usage-service', 'error', `{"level":"error","msg":"failure ${n}"}`]),
  ...Array.from({ length: 9 }, (_, n) => ['chat-service', 'error', `{"level":"error","msg":"failure ${n}"}`]),
  [
    'vllm',
    'error',
    '(EngineCore pid=7) ERROR 11-21 10:51:09 [core.py:1510] torch.OutOfMemoryError: CUDA out of memory.',
  ],
  ...Array.from({ length: 5 }, (_, n) => [
    'chat-service',
    'info',
    `{"level":"info","msg":"request finished","request_id":"${n}","error_code":"first_token_timeout"}`,
  ]),
  ['other', 'error', '{"level":"error","msg":"the backup failed","reason":"no space"}'],
  ['api-gateway', 'info', '{"level":"info","msg":"api-gateway listens"}'],
];

async function logs(root) {
  programs.run('loki', ['-verify-config', `-config.file=${join(root, 'deploy/loki/loki.yml')}`]);
  await withLoki(root, async (url) => {
    await push(url);
    const firing = await eventuallyFiring(url, 4);
    const expected = [
      'TandemBackupFailed ',
      'TandemLogCudaOutOfMemory vllm',
      'TandemLogErrors usage-service',
      'TandemLogTimeouts ',
    ];
    if (firing.join() !== expected.join()) throw new Error(`these fire: ${firing.join(', ')}`);
    const { data: labels } = await (await fetch(`${url}/loki/api/v1/labels`)).json();
    // Loki adds service_name by itself, from service.
    const others = labels.filter((name) => !['app', 'service', 'level', 'service_name'].includes(name));
    if (others.length > 0) throw new Error(`labels that grow: ${others.join(', ')}`);
    for (const query of queriesOf(root)) programs.run('logcli', ['--addr', url, '--quiet', 'query', query]);
  });
}

async function push(url) {
  const streams = LINES.map(([service, level, line], index) => ({
    stream: { app: 'tandem', service, level },
    values: [[`${Date.now()}${String(index).padStart(6, '0')}`, line]],
  }));
  const answer = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams }),
  });
  if (answer.status !== 204) throw new Error(`Loki does not take lines: ${await answer.text()}`);
}

/** Waits until so many fire, a minute at most. */
async function eventuallyFiring(url, count) {
  let firing = [];
  for (let looks = 0; looks < 120 && firing.length < count; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { data } = await (await fetch(`${url}/prometheus/api/v1/alerts`)).json();
    firing = data.alerts.map(({ labels }) => `${labels.alertname} ${labels.service ?? ''}`).sort();
  }
  return firing;
}

/** What dashboards ask Loki. */
function queriesOf(root) {
  const folder = join(root, 'deploy/grafana/dashboards');
  return readdirSync(folder)
    .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).panels)
    .flatMap(({ targets = [] }) => targets)
    .filter(({ datasource }) => datasource.type === 'loki')
    .map(({ expr }) => expr);
}

export const checks = [
  { name: 'loki: configuration, log alerts, queries of the dashboards', needs: ['loki', 'logcli'], run: logs },
];
