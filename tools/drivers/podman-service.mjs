import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { startServer, untilReady } from './programs.mjs';

/** runc, because crun refuses hosts with cgroups v1 and v2 at once; low limits, for who may not raise them. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`;

/**
 * Starts podman's Docker Engine API in a folder of its own.
 * @param storage where its images are: a driver of containers-storage.conf(5) and its folder
 * @param containers more lines of containers.conf(5)
 * @returns its socket, the variables by which podman finds the same storage, and `ready`, which rejects when it does not start
 */
export function startPodmanService(folder, { storage, containers = '' }) {
  const env = {
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    CONTAINERS_CONF: join(folder, 'containers.conf'),
  };
  writeFileSync(
    env.CONTAINERS_STORAGE_CONF,
    `[storage]\ndriver = "${storage.driver}"\ngraphroot = "${storage.folder}"\nrunroot = "${folder}/run"\n`,
  );
  writeFileSync(env.CONTAINERS_CONF, CONTAINERS_CONF + containers);
  const socketPath = join(folder, 'api.sock');
  const server = startServer('podman', ['system', 'service', '--time=0', `unix://${socketPath}`], {
    logFile: join(folder, 'podman.log'),
    env,
  });
  return { env, socketPath, ready: () => untilReady(server, 'podman', () => ping(socketPath)), stop: server.stop };
}

function ping(socketPath) {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/_ping' }, (answer) => resolve(answer.resume().statusCode === 200))
      .once('error', reject)
      .end();
  });
}
