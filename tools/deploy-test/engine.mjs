import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, untilReady } from '../drivers/programs.mjs';
import { programs, TOOLS } from './programs.mjs';

/** runc, because crun refuses hosts with cgroups v1 and v2 at once; low limits, for who may not raise them. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
`;

/**
 * A Docker Engine API of its own (podman's), with networks that know names, health checks that run, and Docker Compose.
 * Its images are kept beside the tools from one run to the next; containers, networks and volumes are not.
 */
export async function startEngine() {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-compose-'));
  const store = join(TOOLS, '../images');
  mkdirSync(store, { recursive: true });
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${store}"\nrunroot = "${folder}/run"\n`;
  writeFileSync(join(folder, 'storage.conf'), storage);
  writeFileSync(join(folder, 'containers.conf'), CONTAINERS_CONF);
  const env = {
    ...process.env,
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    CONTAINERS_CONF: join(folder, 'containers.conf'),
  };
  const socketPath = join(folder, 'api.sock');
  const server = startServer('podman', ['system', 'service', '--time=0', `unix://${socketPath}`], {
    logFile: join(folder, 'podman.log'),
    env,
  });
  // Where no systemd is, nothing fires health checks: this loop does.
  const checks = 'while sleep 1; do podman ps -q --filter status=running | xargs -r -n1 podman healthcheck run; done';
  const health = startServer('sh', ['-c', checks], { logFile: '/dev/null', env });
  const podman = (args, options = {}) => programs.run('podman', args, { env, ...options });
  const engine = {
    socketPath,
    podman,
    /** @param args of `docker compose` */
    compose: (args, options = {}) =>
      programs.run('docker-compose', args, { env: { ...env, DOCKER_HOST: `unix://${socketPath}` }, ...options }),
    stop: async () => {
      await health.stop();
      podman(['rm', '--all', '--force', '--time', '0']);
      podman(['volume', 'prune', '--force']);
      podman(['network', 'prune', '--force']);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilReady(server, 'podman', () => ping(socketPath));
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

function ping(socketPath) {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/_ping' }, (answer) => resolve(answer.resume().statusCode === 200))
      .once('error', reject)
      .end();
  });
}
