import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { missingPrograms, must, startServer, untilReady } from './programs.mjs';

/** runc, because crun refuses hosts with cgroups v1 and v2 at once; low limits, for who may not raise them. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`;

/** A Docker Engine API of its own, with an image in which the simulator stands for vLLM. Nothing of it is left at the end. */
export async function startPodman(root) {
  const missing = missingPrograms(['podman', 'runc', 'catatonit']);
  if (missing.length > 0)
    throw new Error(
      `${missing.join(', ')} is missing: apt-get install -y --no-install-recommends podman runc catatonit`,
    );
  const folder = mkdtempSync(join(tmpdir(), 'tandem-podman-'));
  const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`;
  writeFileSync(join(folder, 'storage.conf'), storage);
  writeFileSync(join(folder, 'containers.conf'), CONTAINERS_CONF);
  const env = {
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    CONTAINERS_CONF: join(folder, 'containers.conf'),
  };
  const socketPath = join(folder, 'api.sock');
  const server = startServer('podman', ['system', 'service', '--time=0', `unix://${socketPath}`], {
    logFile: join(folder, 'podman.log'),
    env,
  });
  const stop = async () => {
    await server.stop();
    must('podman', ['rm', '--all', '--force'], { env: { ...process.env, ...env } });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(server, 'podman', () => ping(socketPath));
    const image = importSimulator(root, folder, env);
    return { environment: { DOCKER_HOST: `unix://${socketPath}`, SIMULATOR_IMAGE: image }, stop };
  } catch (error) {
    await stop();
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

/** Node with its libraries and the built simulator: nothing can be pulled where no registry is. */
function importSimulator(root, folder, env) {
  const tree = join(folder, 'image');
  const node = join(root, 'node_modules/node/bin/node');
  put(node, join(tree, 'bin/node'));
  for (const library of must('ldd', [node]).match(/\/\S+/g) ?? []) put(library, join(tree, library));
  mkdirSync(join(tree, 'tmp'));
  put(join(root, 'package.json'), join(tree, 'app/package.json'));
  for (const part of ['apps/vllm-simulator', 'libs']) {
    const built = join(root, 'dist', part);
    if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" first`);
    put(built, join(tree, 'app/dist', part));
  }
  const archive = join(folder, 'image.tar');
  must('tar', ['-C', tree, '-cf', archive, '.']);
  const words = must('podman', ['import', '--quiet', archive], { env: { ...process.env, ...env } }).trim();
  return words.startsWith('sha256:') ? words : `sha256:${words}`;
}

function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}
