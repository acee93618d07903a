import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CACHE } from './paths.mjs';
import { freePort, run } from './processes.mjs';

const VLLM_ROUTER = '0.1.17';
const PORTKEY = '1.15.2';

/** By name: makes the target, installing what is missing into .cache/bench. */
export const PEERS = { 'vllm-router': vllmRouter, nginx, portkey };

async function vllmRouter(upstream) {
  const bin = join(CACHE, `vllm-router-${VLLM_ROUTER}`, 'bin');
  const program = join(bin, 'vllm-router');
  if (!existsSync(program)) {
    console.error(`installing vllm-router ${VLLM_ROUTER} (130 MB, once)`);
    await run('python3', ['-m', 'venv', '--clear', join(bin, '..')]);
    await run(join(bin, 'pip'), ['install', '--quiet', `vllm-router==${VLLM_ROUTER}`]);
  }
  const [port, metricsPort] = [await freePort(), await freePort()];
  const listen = ['--host', '127.0.0.1', '--port', `${port}`];
  const metrics = ['--prometheus-host', '127.0.0.1', '--prometheus-port', `${metricsPort}`];
  const worker = ['--worker-urls', `http://${upstream.address}`, '--policy', 'round_robin'];
  return {
    version: VLLM_ROUTER,
    note: "the vLLM project's router (Rust, one hop), one worker, policy round_robin, else default",
    cmd: [program, ...listen, ...metrics, ...worker],
    url: chatUrl(port),
  };
}

async function nginx(upstream, folder) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].map((dir) => join(dir, 'nginx'));
  const program = places.find((path) => existsSync(path));
  if (program === undefined) throw new Error('nginx is not installed');
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxConfig(folder, port, upstream.address));
  // Its version is printed on stderr.
  const version = await run('sh', ['-c', `"${program}" -v 2>&1`]);
  return {
    version: version.trim().replace('nginx version: nginx/', ''),
    note: 'plain proxy as a reference, workers: one a core, proxy_buffering off, 256 kept connections, no access log',
    cmd: [program, '-p', folder, '-c', config],
    url: chatUrl(port),
  };
}

function nginxConfig(folder, port, upstream) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/nginx-${name};`,
  );
  return `daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
error_log stderr warn;
pid ${folder}/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  upstream vllm { server ${upstream}; keepalive 256; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://vllm;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}

async function portkey(upstream) {
  const folder = join(CACHE, `portkey-${PORTKEY}`);
  const server = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(server)) {
    console.error(`installing Portkey ${PORTKEY} (once)`);
    mkdirSync(folder, { recursive: true });
    // The versions of its HTTP server that it was released with.
    const overrides = { '@hono/node-server': '1.3.3', hono: '4.6.10' };
    const manifest = { private: true, dependencies: { '@portkey-ai/gateway': PORTKEY }, overrides };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    await run('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: folder });
  }
  const port = await freePort();
  return {
    version: `${PORTKEY}, Node ${process.versions.node}`,
    note: 'Node, one process, --headless, provider openai with x-portkey-custom-host',
    cmd: [process.execPath, server, '--headless', `--port=${port}`],
    env: ['NODE_ENV=production'],
    url: chatUrl(port),
    headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://${upstream.address}/v1` },
  };
}

function chatUrl(port) {
  return `http://127.0.0.1:${port}/v1/chat/completions`;
}
