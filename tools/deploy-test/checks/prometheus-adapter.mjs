import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { kubePrograms, startControlPlane } from '../../drivers/control-plane.mjs';
import { startServer, untilReady } from '../../drivers/programs.mjs';
import { freePort } from '../../free-port.mjs';
import { programs } from '../programs.mjs';
import { expect, until } from '../stack.mjs';

/** What the HorizontalPodAutoscalers of deploy/k8s ask for, of two pods each. */
const METRICS = { tandem_gateway_streams: [3, 5], tandem_chat_in_flight: [2, 4] };
const PODS = ['one', 'two'];

/** As ServiceMonitors have it: each figure with the namespace and the pod that it is of. */
const exposition = Object.entries(METRICS)
  .flatMap(([name, values]) => values.map((value, n) => `${name}{namespace="tandem",pod="${PODS[n]}"} ${value}\n`))
  .join('');

/** The values of the chart, read by the adapter, beside a Prometheus and an API server: what an autoscaler would be told. */
async function toldToAutoscalers(root) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-adapter-'));
  const running = [];
  const exporter = createServer((_, answer) => answer.end(exposition));
  const control = await startControlPlane();
  const start = async (name, args, isReady) => {
    const server = startServer(programs.find(name), args, { logFile: join(folder, `${name}.log`) });
    running.push(server);
    await untilReady(server, name, isReady);
  };
  const env = { ...process.env, ...control.environment };
  const kubectl = (args, input = '') => {
    const { status, stdout, stderr } = spawnSync(join(kubePrograms(), 'kubectl'), args, {
      encoding: 'utf8',
      env,
      input,
    });
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  try {
    await new Promise((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects() }));
    const prometheus = `http://127.0.0.1:${await freePort()}`;
    const scrape = {
      job_name: 'tandem',
      honor_labels: true,
      scrape_interval: '1s',
      static_configs: [{ targets: [`127.0.0.1:${exporter.address().port}`] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: [scrape] }));
    await start(
      'prometheus',
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${prometheus.slice(7)}`,
      ],
      async () => (await fetch(`${prometheus}/-/ready`)).ok,
    );
    // The chart writes `rules.custom` as the adapter's rules.
    const values = parse(readFileSync(join(root, 'deploy/k8s/helm/prometheus-adapter.yaml'), 'utf8'));
    writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ rules: values.rules.custom }));
    const port = await freePort();
    const ask = (path) =>
      JSON.parse(kubectl(['get', '--raw', path, `--server=https://127.0.0.1:${port}`, '--insecure-skip-tls-verify']));
    const kubeconfigs = ['lister', 'authentication', 'authorization'].map(
      (name) => `--${name}-kubeconfig=${control.environment.KUBECONFIG}`,
    );
    const own = [`--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${folder}/certificates`];
    const reads = [`--config=${folder}/rules.yaml`, `--prometheus-url=${prometheus}`, '--metrics-relist-interval=2s'];
    await start('prometheus-adapter', [...kubeconfigs, ...own, ...reads], async () => ask('/apis').kind !== undefined);
    const api = '/apis/custom.metrics.k8s.io/v1beta1';
    for (const [name, values] of Object.entries(METRICS)) {
      await until(`autoscalers are told ${name}`, () => {
        const { items } = ask(`${api}/namespaces/tandem/pods/*/${name}`);
        const told = items.map((item) => `${item.describedObject.name} ${item.value}`).sort();
        expect('each pod has its own figure', told.join() === values.map((v, n) => `${PODS[n]} ${v}`).join(), told);
        return true;
      });
    }
  } catch (error) {
    throw new Error(`${error.message}\n${running.map((server) => server.log()).join('\n')}`);
  } finally {
    for (const server of running.reverse()) await server.stop();
    await control.stop();
    exporter.closeAllConnections();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function objects() {
  const pod = (name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'tandem' },
    spec: { containers: [{ name: 'service', image: 'tandem' }] },
  });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'tandem' } };
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tandem' } }, account, ...PODS.map(pod)];
}

export const checks = [
  {
    name: 'prometheus-adapter: autoscalers are told the streams of each pod',
    needs: ['go', 'python3', 'openssl', 'prometheus', 'prometheus-adapter'],
    run: toldToAutoscalers,
  },
];
