import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a Docker Engine API listens. */
export type DockerAddress =
  { kind: 'unix'; socketPath: string } | { kind: 'tcp'; host: string; port: number; tls: DockerTls | null };

/** Client certificate and authority, as `docker` itself reads them from DOCKER_CERT_PATH. */
export interface DockerTls {
  ca: string;
  cert: string;
  key: string;
}

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Reads what `docker` calls DOCKER_HOST: `unix:///var/run/docker.sock` or `tcp://host:port`.
 * @param certificates folder with ca.pem, cert.pem and key.pem; with it, tcp is TLS.
 * @throws RangeError for another kind of address; Error when a certificate cannot be read.
 */
export function dockerAddress(dockerHost: string, certificates: string | undefined): DockerAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(dockerHost);
  if (unix?.[1] !== undefined) return { kind: 'unix', socketPath: unix[1] };
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(dockerHost);
  if (tcp?.[1] === undefined) throw new RangeError('must be unix:///path/to/docker.sock or tcp://host:port');
  const tls = certificates === undefined ? null : readTls(certificates);
  const port = Number(tcp[2] ?? (tls === null ? PLAIN_PORT : TLS_PORT));
  return { kind: 'tcp', host: tcp[1].replace(/^\[|\]$/g, ''), port, tls };
}

function readTls(folder: string): DockerTls {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}
