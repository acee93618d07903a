import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, untilReady } from '../drivers/programs.mjs';
import { freePort } from '../free-port.mjs';
import { programs } from './programs.mjs';

const RULES = 'deploy/loki/rules/fake/alerts.yml';

/** A Loki with deploy/loki, on a free port and in a folder of its own, that looks at its rules each second. */
export async function withLoki(root, use) {
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
  const loki = startServer(programs.find('loki'), [`-config.file=${config}`], { logFile: join(folder, 'loki.log') });
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(loki, 'loki', async () => (await fetch(`${url}/ready`)).ok);
    await use(url, folder);
  } catch (error) {
    throw new Error(`${error.message}\n${loki.log()}`);
  } finally {
    await loki.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
