import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeFolder } from '../compose-folder.mjs';
import { startEngine } from '../engine.mjs';
import { programs } from '../programs.mjs';
import { importStandIns } from '../stand-ins.mjs';

const HTTPS_PORT = 18443;
const STARTED_WITHIN_S = 300;
const SIMULATED =
  'NVIDIA_SMI_COMMAND=node dist/apps/vllm-simulator/src/nvidia-smi.js\nVLLM_SIM_TOKENS_PER_SECOND=200\n';

function buildImages(root, engine) {
  const build = (file, tag, args) =>
    engine.podman(
      ['build', '--quiet', '--network', 'host', '--format', 'docker', '-t', tag, '-f', file, ...args, '.'],
      {
        cwd: root,
      },
    );
  build('deploy/images/Dockerfile', 'docker.io/library/tandem:dev', ['--target', 'services']);
  build('deploy/images/web.Dockerfile', 'docker.io/library/tandem-web:dev', []);
}

/** The stack of compose.yaml with the simulator in vLLM's place, and what a user and an operator do with it. */
class Stack {
  constructor(engine, digest, root) {
    this.engine = engine;
    this.folder = composeFolder(
      root,
      {
        ENGINE_IMAGE: `vllm/vllm-openai@${digest}`,
        TANDEM_HTTP_PORT: '127.0.0.1:18480',
        TANDEM_HTTPS_PORT: `127.0.0.1:${HTTPS_PORT}`,
        DOCKER_SOCKET: engine.socketPath,
        // The socket is root's in this engine; Docker's belongs to a group.
        DOCKER_GID: '0',
      },
      SIMULATED,
    );
    programs.run('chmod', ['660', engine.socketPath]);
  }

  compose(...args) {
    return this.engine.compose(['-f', 'compose.yaml', ...args], { cwd: this.folder.compose });
  }

  up() {
    this.compose('up', '--detach', '--no-build', '--wait', '--wait-timeout', String(STARTED_WITHIN_S));
  }

  secret(name) {
    return readFileSync(join(this.folder.compose, 'secrets', name), 'utf8').trim();
  }

  /** Through nginx, whose certificate is checked. */
  ask(path, body) {
    const args = ['-sS', '--fail-with-body', '--max-time', '60', '--cacert', 'secrets/tls_certificate'];
    const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const headers = ['-H', `authorization: Bearer ${this.secret('api_key')}`];
    const url = `https://localhost:${HTTPS_PORT}${path}`;
    return programs.run('curl', [...args, ...headers, ...sent, url], { cwd: this.folder.compose });
  }

  inside(service, program) {
    return this.compose('exec', '-T', service, 'node', '-e', program);
  }
}

function expect(what, isSo, seen) {
  if (!isSo) throw new Error(`${what} does not hold: ${String(seen).slice(0, 1_000)}`);
}

function chats(stack) {
  const body = { model: 'default', stream: true, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] };
  const answer = stack.ask('/v1/chat/completions', body);
  expect('a chat streams through nginx to its end', answer.trimEnd().endsWith('data: [DONE]'), answer);
}

function showsThePage(stack) {
  const page = stack.ask('/');
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1];
  expect('the page is served, and names its script', script !== undefined, page);
  expect('nginx serves the script', stack.ask(script).length > 10_000, script);
}

function isHardened(stack) {
  const tried = stack.inside(
    'api-gateway',
    `let fault = 'written'; try { require('fs').writeFileSync('/app/x', '') } catch (e) { fault = e.code }
     console.log(process.getuid(), fault, Object.keys(process.env).filter((n) => /SECRET$|PASSWORD$|_URL$/.test(n)).join())`,
  );
  expect(
    'the gateway is not root, cannot write, and has no secret in its environment',
    tried.trim() === '1000 EROFS',
    tried,
  );
  const asked = stack.inside(
    'model-manager',
    `fetch('http://docker-proxy:2375/v1.41/containers/json?all=1').then((a) => console.log(a.status))`,
  );
  expect('the proxy does not list the containers of others', asked.trim() === '403', asked);
}

/** Accounts, conversations and the ledger over `down` and `up`; then from a backup, on volumes that are new. */
function keepsItsData(stack) {
  const { id } = JSON.parse(stack.ask('/api/conversations', { title: 'kept' }));
  const backup = stack.compose(
    'exec',
    '-T',
    'backup',
    'node',
    'dist/tools/backup/main.js',
    'now',
    '/var/lib/tandem/backups',
  );
  expect('a backup is made', backup.includes('"msg":"backed up"'), backup);
  stack.compose('down');
  const left = stack.engine.podman(['ps', '--all', '--format', '{{.Names}}']).trim();
  expect('nothing runs after "down", the engine included', left === '', left);
  stack.up();
  const kept = stack.ask('/api/conversations');
  expect('conversations outlive "down" and "up"', kept.includes(id), kept);
  chats(stack);
}

export const checks = [
  {
    name: 'compose up: the stack runs, chats, and keeps its data',
    needs: ['podman', 'runc', 'catatonit', 'debootstrap', 'docker-compose', 'curl'],
    run: async (root) => {
      const engine = await startEngine();
      let stack = null;
      try {
        const digest = await importStandIns(root, engine);
        buildImages(root, engine);
        stack = new Stack(engine, digest, root);
        stack.up();
        chats(stack);
        showsThePage(stack);
        isHardened(stack);
        keepsItsData(stack);
      } catch (error) {
        throw stack === null ? error : new Error(`${error.message}\n${tailOfLogs(stack)}`);
      } finally {
        await engine.stop();
        stack?.folder.remove();
      }
    },
  },
];

function tailOfLogs(stack) {
  try {
    return stack.compose('logs', '--tail', '5', '--no-color').slice(-6_000);
  } catch (error) {
    return `(no logs: ${error.message.slice(0, 200)})`;
  }
}
