import { ConfigError } from '#common/config';
import { runMain } from '#common/service';
import { loadSettings } from '../config';
import { DockerProxy } from './docker-proxy';

const DEFAULT_PORT = 2375;

// Reads the same settings as model-manager, so that both mean the same image, network, cache and owner.
runMain(async () => {
  const { docker, engineCommand, HOST, PORT } = loadSettings({ ...process.env, ENGINE_DRIVER: 'docker' });
  if (docker?.address.kind !== 'unix')
    throw new ConfigError(
      'DOCKER_HOST: must be the socket of this host (example: DOCKER_HOST=unix:///var/run/docker.sock)',
    );
  const log = (line: object): void =>
    console.log(JSON.stringify({ time: new Date().toISOString(), level: 'warn', ...line }));
  const { server } = new DockerProxy(docker.address.socketPath, { ...docker, command: engineCommand }, log);
  await new Promise<void>((resolve) => server.listen(PORT === 0 ? DEFAULT_PORT : PORT, HOST, resolve));
  process.once('SIGTERM', () => process.exit(0));
});
