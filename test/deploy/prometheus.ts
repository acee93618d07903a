import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '#testing/ports';
import { isInstalled } from '#testing/programs';
import { ServerProcess } from '#testing/server-process';

const RULES = resolve(__dirname, '../../deploy/prometheus/rules');

/** Prometheus is optional on the machine of the tests: false where it is missing. */
export const prometheusIsHere = ['prometheus', 'promtool'].every(isInstalled);

export interface TestPrometheus {
  /** The values of an instant query. @throws Error with Prometheus's words where it does not understand the query. */
  query(expression: string): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]>;
  stop(): Promise<void>;
}

/** A real Prometheus with the rules of deploy/prometheus, that scrapes `targets` (job -> host:port) every second. */
export async function startPrometheus(targets: Readonly<Record<string, string>>): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(RULES, '*.yml')],
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    })),
  };
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML
  const server = new ServerProcess({
    command: 'prometheus',
    args: [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
    logFile: join(folder, 'prometheus.log'),
    folder,
  });
  const url = `http://127.0.0.1:${port}`;
  await server.start(() =>
    fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return {
    query: async (expression) => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const body = (await answer.json()) as { status: string; error?: string; data: { result: [] } };
      if (body.status !== 'success') throw new Error(`${expression}: ${String(body.error)}`);
      return body.data.result;
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
