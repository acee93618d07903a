import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPodmanService } from '../drivers/podman-service.mjs';
import { startServer } from '../drivers/programs.mjs';
import { programs, TOOLS } from './programs.mjs';

const NAMES = `[network]
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
  const service = startPodmanService(folder, { storage: { driver: 'overlay', folder: store }, containers: NAMES });
  const { socketPath } = service;
  const env = { ...process.env, ...service.env };
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
      const removeAll = () => podman(['rm', '--all', '--force', '--time', '0']);
      try {
        removeAll();
      } catch {
        removeAll(); // podman asks for those first that share the network of another
      }
      podman(['volume', 'prune', '--force']);
      podman(['network', 'prune', '--force']);
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await service.ready();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
