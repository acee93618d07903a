import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootHost } from '../booted-host.mjs';

const CHECKOUT = '/opt/tandem';
const SERVICES = ['api-gateway', 'chat-service', 'usage-service', 'model-manager'].map((name) => `tandem@${name}`);
const URL = 'http://127.0.0.1:8080';
/** vLLM and nvidia-smi as this checkout plays them. */
const STAND_INS = { vllm: 'main.js', 'nvidia-smi': 'nvidia-smi.js' };
const LIMIT_MS = 120_000;

/** A host on which Tandem was installed by its one command. */
class Host {
  constructor(host) {
    this.inside = host.inside;
  }

  install(preset) {
    this.inside('sh', `${CHECKOUT}/deploy/systemd/install.sh`, '--preset', preset);
  }

  property(unit, name) {
    return this.inside('systemctl', 'show', '--property', name, '--value', unit).trim();
  }

  processes(pattern) {
    return this.inside('sh', '-c', `pgrep -u tandem -f '${pattern}' || true`).trim();
  }

  /** One chat to its end; an error while something still starts. */
  chat() {
    const key = this.inside('cat', '/etc/tandem/secrets/api-gateway/api_key').trim();
    const message = { model: 'default', stream: true, max_tokens: 8, messages: [{ role: 'user', content: 'Hello' }] };
    const sent = [
      '-H',
      `authorization: Bearer ${key}`,
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify(message),
    ];
    const answer = this.inside(
      'curl',
      '-sS',
      '--fail-with-body',
      '--max-time',
      '30',
      ...sent,
      `${URL}/v1/chat/completions`,
    );
    if (!answer.trimEnd().endsWith('data: [DONE]')) throw new Error(`a chat was cut: ${answer.slice(-500)}`);
  }

  /** Until `chat` has an answer. @throws Error with the last failure, and what the units said */
  async untilItChats(when) {
    await this.until(`chats ${when}`, () => {
      this.chat();
      return true;
    });
  }

  async until(what, isSo) {
    const deadline = Date.now() + LIMIT_MS;
    for (let why = 'not so'; ;) {
      try {
        if (isSo()) return;
      } catch (error) {
        why = error.message;
      }
      if (Date.now() > deadline) throw new Error(`${what}: ${why}\n${this.journal()}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  journal() {
    return this.inside('journalctl', '--no-pager', '--lines', '40', '--priority', 'info', '--unit', 'tandem*').slice(
      -5_000,
    );
  }

  /** kill -9 of a unit's process: systemd has it run again. */
  async restartsByItself(unit) {
    const before = this.property(unit, 'MainPID');
    this.inside('systemctl', 'kill', '--signal=KILL', '--kill-who=main', unit);
    await this.until(`${unit} runs again after a kill`, () => {
      const now = this.property(unit, 'MainPID');
      return now !== '0' && now !== before;
    });
  }
}

async function onHost(root, use) {
  const { ensureNatsServer } = createRequire(import.meta.url)(
    join(root, 'dist/libs/common/src/servers/nats-server.js'),
  );
  const folder = mkdtempSync(join(tmpdir(), 'tandem-programs-'));
  const files = {
    [root]: CHECKOUT,
    [await ensureNatsServer(process.env, () => undefined)]: '/usr/local/bin/nats-server',
  };
  for (const [name, program] of Object.entries(STAND_INS)) {
    const node = `${CHECKOUT}/node_modules/node/bin/node`;
    const started = `#!/bin/sh\nexec ${node} ${CHECKOUT}/dist/apps/vllm-simulator/src/${program} "$@"\n`;
    writeFileSync(join(folder, name), started, { mode: 0o755 });
    files[join(folder, name)] = `/usr/local/bin/${name}`;
  }
  let booted = null;
  try {
    booted = await bootHost(files);
    await use(new Host(booted));
  } finally {
    await booted?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function expect(what, isSo, seen) {
  if (!isSo) throw new Error(`${what} does not hold: ${String(seen).slice(0, 1_000)}`);
}

/** The simulator, on all addresses: each unit comes back from a kill, and takes no other with it. */
async function development(host) {
  host.install('dev');
  await host.untilItChats('after the installation');
  for (const unit of SERVICES) {
    const engine = host.processes('vllm-simulator');
    await host.restartsByItself(unit);
    await host.untilItChats(`after a kill of ${unit}`);
    expect('an engine outlives model-manager', host.processes('vllm-simulator') === engine, engine);
  }
  const before = SERVICES.map((unit) => host.property(unit, 'MainPID')).join();
  await host.restartsByItself('tandem-nats');
  await host.untilItChats('after a kill of NATS');
  const after = SERVICES.map((unit) => host.property(unit, 'MainPID')).join();
  expect('the services outlive NATS', before === after, `${before} ${after}`);
  host.inside('systemctl', 'start', 'tandem-backup');
  const backup = host.inside('sh', '-c', 'ls /var/backups/tandem/*/database.tar.gz');
  expect('the unit makes a backup', backup.trim() !== '', backup);
  expect('the timer waits for the night', host.property('tandem-backup.timer', 'NextElapseUSecRealtime') !== '');
  host.inside('systemctl', 'stop', 'tandem.target');
  await host.until('nothing runs when the target is stopped', () => host.processes('.') === '');
  // As after an upgrade: what is there stays.
  const key = host.inside('cat', '/etc/tandem/secrets/api-gateway/api_key');
  host.install('dev');
  await host.untilItChats('after it was installed again');
  expect(
    'secrets outlive a second installation',
    host.inside('cat', '/etc/tandem/secrets/api-gateway/api_key') === key,
  );
}

/** vLLM as model-manager starts it; then as a unit of its own. */
async function production(host) {
  host.install('prod');
  await host.untilItChats('after the installation');
  const sockets = host.inside('cat', '/proc/net/tcp');
  expect(
    'the API is on loopback alone',
    /0100007F:1F90 0+:0000 0A/.test(sockets) && !/ 0+:1F90 /.test(sockets),
    sockets,
  );
  expect('model-manager started vLLM', host.processes('vllm-simulator.*serve') !== '', host.processes('.'));
  host.inside(
    'sed',
    '-i',
    's|^ENGINE_DRIVER=.*|ENGINE_DRIVER=external\\nENGINE_URL=http://127.0.0.1:8000|',
    '/etc/tandem/model-manager.env',
  );
  host.inside('systemctl', 'restart', 'tandem@model-manager');
  host.inside('systemctl', 'start', 'tandem-vllm');
  await host.untilItChats('with the unit of vLLM');
  await host.restartsByItself('tandem-vllm');
  await host.untilItChats('after a kill of vLLM');
}

export const checks = Object.entries({ dev: development, prod: production }).map(([preset, use]) => ({
  name: `systemd boot: the preset ${preset} is installed by its command, runs, and comes back from kills`,
  needs: ['debootstrap', 'systemd-nspawn', 'nsenter'],
  run: (root) => onHost(root, use),
}));
