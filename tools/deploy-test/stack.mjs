import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { composeFolder } from './compose-folder.mjs';
import { startEngine } from './engine.mjs';
import { programs } from './programs.mjs';
import { importStandIns } from './stand-ins.mjs';

/** What a stack on podman needs of this machine. */
export const STACK_NEEDS = ['podman', 'runc', 'catatonit', 'debootstrap', 'docker', 'docker-compose', 'curl'];

const HTTPS_PORT = 18443;
/** Two slow cores compile the services and the UI in minutes. */
const STARTED_WITHIN_S = 600;
const SIMULATED =
  'NVIDIA_SMI_COMMAND=node dist/apps/vllm-simulator/src/nvidia-smi.js\nVLLM_SIM_TOKENS_PER_SECOND=200\n';

/** Builds an image from the checkout, as compose would. */
export function buildImage(root, engine, file, tag, target = '') {
  const words = ['build', '--quiet', '--network', 'host', '--format', 'docker', '-t', tag, '-f', file];
  engine.podman([...words, ...(target === '' ? [] : ['--target', target]), '.'], { cwd: root });
}

/** The stack of some files of deploy/compose with the simulator in vLLM's place, and what users and operators do with it. */
class Stack {
  constructor(engine, digest, root, files) {
    this.engine = engine;
    const { folder, compose, remove } = composeFolder(
      root,
      {
        ENGINE_IMAGE: `vllm/vllm-openai@${digest}`,
        TANDEM_HTTP_PORT: '127.0.0.1:18480',
        TANDEM_HTTPS_PORT: `127.0.0.1:${HTTPS_PORT}`,
        PROMETHEUS_PORT: '19090',
        ALERTMANAGER_PORT: '19093',
        DOCKER_SOCKET: engine.socketPath,
        // The socket is root's in this engine; Docker's belongs to a group.
        DOCKER_GID: '0',
      },
      SIMULATED,
    );
    Object.assign(this, { folder, composeFolder: compose, removeFolder: remove });
    programs.run('chmod', ['660', engine.socketPath]);
    const plugins = join(folder, 'docker/cli-plugins');
    mkdirSync(plugins, { recursive: true });
    symlinkSync(programs.find('docker-compose'), join(plugins, 'docker-compose'));
    /** As an operator's shell has it: `docker compose` finds this engine and these files. */
    this.env = {
      ...process.env,
      NODE_OPTIONS: '',
      DOCKER_HOST: `unix://${engine.socketPath}`,
      DOCKER_CONFIG: join(folder, 'docker'),
      COMPOSE_FILE: files.map((file) => join(compose, file)).join(':'),
    };
  }

  compose(...args) {
    return programs.run('docker', ['compose', ...args], { cwd: this.composeFolder, env: this.env });
  }

  /** @param services none: all of them */
  up(...services) {
    this.compose('up', '--detach', '--no-build', '--wait', '--wait-timeout', String(STARTED_WITHIN_S), ...services);
  }

  /** One of scripts/, for containers. */
  script(name, ...args) {
    return programs.run(join(this.folder, 'scripts', name), ['--compose', ...args], { env: this.env });
  }

  /** Lines of a page of the docs, as somebody would paste them. */
  paste(commands) {
    return programs.run('sh', ['-euc', commands], { cwd: this.folder, env: this.env });
  }

  secret(name) {
    return readFileSync(join(this.composeFolder, 'secrets', name), 'utf8').trim();
  }

  /** Through nginx, whose certificate is checked; or at another address. */
  ask(path, body, base = `https://localhost:${HTTPS_PORT}`) {
    const args = ['-sS', '--fail-with-body', '--max-time', '60', '--cacert', 'secrets/tls_certificate'];
    const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const headers = ['-H', `authorization: Bearer ${this.secret('api_key')}`];
    return programs.run('curl', [...args, ...headers, ...sent, `${base}${path}`], { cwd: this.composeFolder });
  }

  chats(base = undefined) {
    const body = { model: 'default', stream: true, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] };
    const answer = this.ask('/v1/chat/completions', body, base);
    expect('a chat streams to its end', answer.trimEnd().endsWith('data: [DONE]'), answer);
  }

  /** Runs JavaScript in a container of a service. */
  inside(service, program) {
    return this.compose('exec', '-T', service, 'node', '-e', program);
  }

  tailOfLogs() {
    try {
      return this.compose('logs', '--tail', '5', '--no-color').slice(-6_000);
    } catch (error) {
      return `(no logs: ${error.message.slice(0, 200)})`;
    }
  }
}

/** Starts an engine, has the images made, and takes all of it down afterwards. */
export async function withStack(root, files, prepare, use) {
  const engine = await startEngine();
  let stack = null;
  try {
    const digest = await importStandIns(root, engine);
    prepare(engine);
    stack = new Stack(engine, digest, root, files);
    await use(stack);
  } catch (error) {
    throw stack === null ? error : new Error(`${error.message}\n${stack.tailOfLogs()}`);
  } finally {
    await engine.stop();
    stack?.removeFolder();
  }
}

export function expect(what, isSo, seen) {
  if (!isSo) throw new Error(`${what} does not hold: ${String(seen).slice(0, 1_000)}`);
}

/** Asks again and again, a minute at most. */
export async function until(what, isSo, limitMs = 60_000) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    let seen;
    try {
      if (await isSo()) return;
      seen = 'not so';
    } catch (error) {
      seen = error.message;
    }
    expect(what, Date.now() < deadline, seen);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
