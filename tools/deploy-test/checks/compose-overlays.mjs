import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { importWatchers, WATCHING } from '../stand-ins.mjs';
import { buildImage, expect, STACK_NEEDS, until, withStack } from '../stack.mjs';

const PROMETHEUS = 'http://127.0.0.1:19090';
const SCRAPED = ['api-gateway', 'chat-service', 'model-manager', 'node', 'prometheus', 'usage-service'];

/** What is watched is watched: each service is scraped, rules are loaded, alerts have somewhere to go. */
async function observability(root) {
  const prepare = (engine) => {
    importWatchers(engine);
    buildImage(root, engine, 'deploy/images/Dockerfile', 'docker.io/library/tandem:dev', 'services');
    buildImage(root, engine, 'deploy/images/web.Dockerfile', 'docker.io/library/tandem-web:dev');
  };
  await withStack(root, ['compose.yaml', 'compose.observability.yaml'], prepare, async (stack) => {
    stack.up('web', 'model-manager', 'prometheus', 'alertmanager', 'loki', 'node-exporter');
    stack.chats();
    const asked = (path) => JSON.parse(stack.ask(path, undefined, PROMETHEUS)).data;
    await until('Prometheus reads every service', () => {
      const up = asked('/api/v1/targets').activeTargets.filter(({ health }) => health === 'up');
      return SCRAPED.every((job) => up.some(({ labels }) => labels.job === job));
    });
    await until('it has counted the chat', () => {
      const [sum] = asked('/api/v1/query?query=sum(tandem_chat_requests_total)').result;
      return Number(sum?.value[1]) > 0;
    });
    const groups = asked('/api/v1/rules').groups;
    expect('rules and alerts are loaded', groups.length > 1, JSON.stringify(groups).slice(0, 400));
    const told = asked('/api/v1/alertmanagers').activeAlertmanagers.length;
    expect('Prometheus knows Alertmanager', told === 1, told);
    const status = stack.ask('/api/v2/status', undefined, 'http://127.0.0.1:19093');
    expect('Alertmanager has its routes', status.includes('TandemUnavailableFast'), status);
    // Loki is on the network without a way out: a container asks it.
    await until('Loki has the log alerts', () =>
      stack
        .inside('usage-service', `fetch('http://loki:3100/loki/api/v1/rules').then((a) => a.text()).then(console.log)`)
        .includes('TandemLogErrors'),
    );
  });
}

/** Sources that are saved are compiled, and what uses them starts again; no GPU, ports open. */
async function development(root) {
  const prepare = (engine) =>
    buildImage(root, engine, 'deploy/images/Dockerfile', 'docker.io/library/tandem-development:latest', 'development');
  await withStack(root, ['compose.yaml', 'compose.dev.yaml'], prepare, async (stack) => {
    stack.up();
    const gateway = 'http://127.0.0.1:8080';
    await until('the API on 8080 chats, by the simulator', () => {
      stack.chats(gateway);
      return true;
    });
    const page = stack.ask('/', undefined, 'http://127.0.0.1:3000');
    expect('vite serves the UI on 3000', page.includes('/@vite/client'), page);
    const key = stack.ask('/v1/models', undefined, 'http://127.0.0.1:3000');
    expect('it hands API calls on to the gateway', key.includes('"data"'), key);
    appendFileSync(join(stack.folder, 'apps/usage-service/src/main.ts'), "\nconsole.log('saved by the check');\n");
    await until(
      'what is saved is compiled, and its service starts again',
      () => stack.compose('logs', '--no-color', 'usage-service').includes('saved by the check'),
      120_000,
    );
  });
}

export const checks = [
  {
    name: 'compose observability: Prometheus, Alertmanager, Loki and the node exporter watch a running stack',
    needs: [...STACK_NEEDS, ...WATCHING],
    run: observability,
  },
  {
    name: 'compose development: sources are mounted, what is saved is compiled and starts again',
    needs: STACK_NEEDS,
    run: development,
  },
];
