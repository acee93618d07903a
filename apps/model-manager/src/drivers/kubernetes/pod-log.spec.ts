import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#testing/eventually';
import { KubernetesApi } from './kubernetes-api';
import { PodLog } from './pod-log';

/** As the API server gives it: each line behind its time, `sinceTime` in whole seconds. */
const LOG = [
  '2026-11-21T10:00:01.000000001Z INFO Starting to load model',
  '2026-11-21T10:00:02.000000001Z INFO Loading weights took 2.00 seconds',
  '2026-11-21T10:00:02.000000002Z 한글',
];

describe('the log of a pod', () => {
  let server: Server;
  let folder: string;
  let api: KubernetesApi;
  let asked: URL[];
  let open: ServerResponse[];
  let lines: string[];

  beforeEach(async () => {
    asked = [];
    open = [];
    lines = [];
    server = createServer((request, answer) => {
      asked.push(new URL(request.url ?? '/', 'http://api'));
      open.push(answer);
      answer.writeHead(200, { 'Content-Type': 'text/plain' });
      answer.flushHeaders();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'tandem-kube-'));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    api = new KubernetesApi('engines', kubeconfig);
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it('is followed from its first line, and after a break from where it was, no line twice', async () => {
    const log = new PodLog(api, (line) => lines.push(line), null);
    log.tell({ kind: 'running', pod: 'p-1' });
    await eventually(() => open.length === 1);
    open[0]!.write(`${LOG.slice(0, 2).join('\n')}\n`);
    await eventually(() => lines.length === 2);
    open[0]!.end();
    await eventually(() => open.length === 2);
    open[1]!.write(`${LOG.slice(1).join('\n')}\n`);
    await eventually(() => lines.length === 3);
    log.close();
    expect(lines).toEqual(['INFO Starting to load model', 'INFO Loading weights took 2.00 seconds', '한글']);
    expect(asked.map(({ pathname }) => pathname)).toEqual(Array(2).fill('/api/v1/namespaces/engines/pods/p-1/log'));
    expect(asked.map(({ searchParams }) => searchParams.get('sinceTime'))).toEqual([null, '2026-11-21T10:00:02.000Z']);
    expect(asked[0]!.searchParams.get('follow')).toBe('true');
  });

  it('says what Kubernetes does before there is any, each thing once', async () => {
    const log = new PodLog(api, (line) => lines.push(line), null);
    const stuck = { kind: 'stuck', pod: 'p', reason: 'Unschedulable', message: 'no GPU' } as const;
    log.tell(stuck);
    log.tell(stuck);
    log.tell({ kind: 'coming', pod: 'p', reason: 'ContainerCreating' });
    log.close();
    expect(lines).toEqual(['[kubernetes] Unschedulable: no GPU', '[kubernetes] the pod is coming (ContainerCreating)']);
    expect(asked).toEqual([]);
    await log.ended;
  });

  it('is over when the container has ended and the last line was read', async () => {
    const log = new PodLog(api, (line) => lines.push(line), null);
    log.tell({ kind: 'running', pod: 'p' });
    await eventually(() => open.length === 1);
    log.tell({ kind: 'ended', pod: 'p', code: 1, reason: 'Error' });
    open[0]!.end(`${LOG[0]}\n`);
    await log.ended;
    expect(lines.at(-1)).toBe('INFO Starting to load model');
  });
});
