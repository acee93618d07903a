import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startPodmanService } from './podman-service.mjs';
import { missingPrograms, must } from './programs.mjs';

/** Not podman's usual one: a bridge that another network backend has left behind would have the route to that. */
const SUBNET = `[network]
default_subnet = "10.89.240.0/24"
`;

/** A Docker Engine API of its own, with an image in which the simulator stands for vLLM. Nothing of it is left at the end. */
export async function startPodman(root) {
  const missing = missingPrograms(['podman', 'runc', 'catatonit']);
  if (missing.length > 0)
    throw new Error(
      `${missing.join(', ')} is missing: apt-get install -y --no-install-recommends podman runc catatonit`,
    );
  const folder = mkdtempSync(join(tmpdir(), 'tandem-podman-'));
  const storage = { driver: 'vfs', folder: join(folder, 'store') };
  const service = startPodmanService(folder, { storage, containers: SUBNET });
  const { env, socketPath } = service;
  const stop = async () => {
    await service.stop();
    must('podman', ['rm', '--all', '--force'], { env: { ...process.env, ...env } });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await service.ready();
    const image = importSimulator(root, folder, env);
    return { environment: { DOCKER_HOST: `unix://${socketPath}`, SIMULATOR_IMAGE: image }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
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
