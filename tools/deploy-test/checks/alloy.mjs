import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../../drivers/programs.mjs';
import { withLoki } from '../loki-server.mjs';
import { programs } from '../programs.mjs';
import { until } from '../stack.mjs';

/** What containers print, and the labels that config.alloy is to give it. */
const PRINTED = [
  [
    '{"level":"error","time":"2026-11-21T10:00:00.000Z","service":"usage-service","msg":"failure"}',
    'usage-service error',
  ],
  [
    '{"level":"info","time":"2026-11-21T10:00:00.000Z","service":"chat-service","msg":"request finished"}',
    'chat-service info',
  ],
  ['(EngineCore pid=7) ERROR 11-21 10:51:09 [core.py:1510] torch.OutOfMemoryError: CUDA out of memory.', 'vllm error'],
  ['WARNING 11-21 10:51:09 [config.py:1] a warning', 'vllm warn'],
  ['INFO:     Application startup complete.', 'vllm info'],
  ['[7] 2026/11/21 10:00:00.000000 [INF] Server is ready', 'other info'],
];

/** From Docker's log files through Alloy's own code into a Loki. */
async function reads(root) {
  await withLoki(root, async (url, folder) => {
    const containers = join(folder, 'containers/0123456789ab');
    mkdirSync(containers, { recursive: true });
    const time = new Date().toISOString();
    const docker = PRINTED.map(([log]) => JSON.stringify({ log: `${log}\n`, stream: 'stdout', time }));
    writeFileSync(join(containers, '0123456789ab-json.log'), docker.map((line) => `${line}\n`).join(''));
    const config = join(folder, 'config.alloy');
    const given = readFileSync(join(root, 'deploy/alloy/config.alloy'), 'utf8');
    const moved = given
      .replace('/var/lib/docker/containers', join(folder, 'containers'))
      .replace('http://loki:3100', url);
    writeFileSync(config, moved);
    const logFile = join(folder, 'alloy.log');
    const alloy = startServer(programs.find('alloy-logs'), [config, join(folder, 'alloy')], { logFile });
    try {
      await until('Loki has every line with its labels, and no others', async () => {
        const seen = await streams(url);
        const wanted = PRINTED.map(([log, labels]) => `${labels}: ${log}`).sort();
        if (seen.join('\n') === wanted.join('\n')) return true;
        throw new Error(`it has\n${seen.join('\n')}\n${alloy.log()}`);
      });
    } finally {
      await alloy.stop();
    }
  });
}

/** Every line that Loki has, behind its labels. */
async function streams(url) {
  const query = new URLSearchParams({ query: '{app="tandem"}' });
  const { data } = await (await fetch(`${url}/loki/api/v1/query_range?${query}`)).json();
  return data.result
    .flatMap(({ stream, values }) => {
      const others = Object.keys(stream).filter(
        (name) => !['app', 'service', 'level', 'service_name', 'detected_level'].includes(name),
      );
      return values.map(([, line]) => [stream.service, stream.level, ...others].join(' ') + `: ${line.trimEnd()}`);
    })
    .sort();
}

export const checks = [
  {
    name: 'alloy: what containers print arrives in Loki with its labels, and with no others',
    needs: ['alloy-logs', 'loki'],
    run: reads,
  },
];
