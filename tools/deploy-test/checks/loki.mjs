import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, untilReady } from '../../drivers/programs.mjs';
import { programs } from '../programs.mjs';

const RULES = 'deploy/loki/rules/fake/alerts.yml';

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
  ['api-gateway', 'info', '{"level":"info","msg":"api-gateway listens"}'],
];

async function logs(root) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-loki-'));
  const port = await freePort();
  const config = join(folder, 'loki.yml');
  mkdirSync(join(folder, 'rules/fake'), { recursive: true });
  // Other places, and a look each second: else a rule is looked at twice a minute.
  const given = readFileSync(join(root, 'deploy/loki/loki.yml'), 'utf8');
  writeFileSync(
    config,
    given
      .replaceAll('/etc/loki/rules', join(folder, 'rules'))
      .replaceAll(/(: |: \[)\/loki/g, `$1${folder}/data`)
      .replace('http_listen_port: 3100', `http_listen_port: ${port}\n  http_listen_address: 127.0.0.1`)
      .replace('grpc_listen_port: 9096', `grpc_listen_port: ${await freePort()}\n  grpc_listen_address: 127.0.0.1`)
      .replace('path_prefix:', 'instance_addr: 127.0.0.1\n  path_prefix:'),
  );
  const rules = readFileSync(join(root, RULES), 'utf8').replace('interval: 30s', 'interval: 1s');
  writeFileSync(join(folder, 'rules/fake/alerts.yml'), rules);
  programs.run('loki', ['-verify-config', `-config.file=${join(root, 'deploy/loki/loki.yml')}`]);
  const loki = startServer(programs.find('loki'), [`-config.file=${config}`], { logFile: join(folder, 'loki.log') });
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(loki, 'loki', async () => (await fetch(`${url}/ready`)).ok);
    await push(url);
    const firing = await eventuallyFiring(url, 3);
    const expected = ['TandemLogCudaOutOfMemory vllm', 'TandemLogErrors usage-service', 'TandemLogTimeouts '];
    if (firing.join() !== expected.join()) throw new Error(`these fire: ${firing.join(', ')}`);
    const { data: labels } = await (await fetch(`${url}/loki/api/v1/labels`)).json();
    // Loki adds service_name by itself, from service.
    const others = labels.filter((name) => !['app', 'service', 'level', 'service_name'].includes(name));
    if (others.length > 0) throw new Error(`labels that grow: ${others.join(', ')}`);
    for (const query of queriesOf(root)) programs.run('logcli', ['--addr', url, '--quiet', 'query', query]);
  } catch (error) {
    throw new Error(`${error.message}\n${loki.log()}`);
  } finally {
    await loki.stop();
    rmSync(folder, { recursive: true, force: true });
  }
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

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export const checks = [
  { name: 'loki: configuration, log alerts, queries of the dashboards', needs: ['loki', 'logcli'], run: logs },
];
