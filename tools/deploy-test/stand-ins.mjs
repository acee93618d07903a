import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { debianRoot } from './debian-root.mjs';
import { programs, TOOLS } from './programs.mjs';

/** Debian's unstable, for it has the versions that the compose file names: Postgres 18, nginx 1.30, Redis 8. */
const DEBIAN = 'sid';
const PACKAGES = [
  'ca-certificates',
  'busybox-static',
  'gettext-base',
  'curl',
  'nginx-light',
  'redis-server',
  'postgresql-18',
];

/** As the official image's start, as far as compose.yaml asks it: make a database where there is none, then serve. */
const POSTGRES_START = `#!/bin/bash
set -euo pipefail
export PATH=$PATH:/usr/lib/postgresql/18/bin PGDATA=/var/lib/postgresql/18/docker PGHOST=/tmp
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p -m 700 "$PGDATA"
  # shellcheck disable=SC2086
  initdb -D "$PGDATA" -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust $POSTGRES_INITDB_ARGS >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o '-c listen_addresses= -k /tmp' -w start
  export POSTGRES_USER=postgres
  psql -U postgres -qc "CREATE DATABASE $POSTGRES_DB"
  for script in /docker-entrypoint-initdb.d/*.sh; do . "$script"; done
  pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec postgres -D "$PGDATA" -k /tmp -c 'listen_addresses=*' "$@"
`;

/** As the official image's start: templates with the variables that the filter lets through. */
const NGINX_START = `#!/bin/sh
set -e
for template in /etc/nginx/templates/*.template; do
  names=$(env | sed -n "s/^\\($(echo "$NGINX_ENVSUBST_FILTER" | tr -d '^')[A-Z_]*\\)=.*/\\\${\\1}/p" | tr '\\n' ' ')
  envsubst "$names" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
done
exec nginx -g 'daemon off;'
`;

/** "check ready" is younger than the promtool of some distributions. */
const PROMTOOL = `#!/bin/sh
[ "$*" != 'check ready' ] || exec busybox wget -q -O /dev/null http://127.0.0.1:9090/-/ready
exec promtool.real "$@"
`;

/** vLLM's place is taken by the simulator; it is called as vLLM is. */
const VLLM = `#!/bin/sh
exec node /app/dist/apps/vllm-simulator/src/main.js "$@"
`;

/** What watches Tandem, with the programs of this machine: image, the program behind it, who it runs as, its folder. */
const WATCHERS = {
  'prom/prometheus:v3.15.0': { program: 'prometheus', more: ['promtool'], user: 65534, folder: '/prometheus' },
  'prom/alertmanager:v0.34.2': { program: 'prometheus-alertmanager', user: 65534, folder: '/alertmanager' },
  'prom/node-exporter:v1.10.2': { program: 'prometheus-node-exporter', user: 65534, folder: '/tmp' },
  'grafana/loki:3.7.8': { program: 'loki', user: 10001, folder: '/loki' },
};
const ALERTMANAGER_TEMPLATES = '/usr/share/prometheus/alertmanager';
/** The programs that `importWatchers` needs. */
export const WATCHING = Object.values(WATCHERS).flatMap(({ program, more = [] }) => [program, ...more]);

/** Images of compose.observability.yaml, as `importStandIns` made those of compose.yaml. Grafana, DCGM and Alloy cannot be had. */
export function importWatchers(engine) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-stand-ins-'));
  try {
    for (const name of WATCHING) cpSync(realpathSync(programs.find(name)), join(folder, name));
    cpSync(join(folder, 'promtool'), join(folder, 'promtool.real'));
    // Debian's Alertmanager has its templates beside it, not in it.
    copy(ALERTMANAGER_TEMPLATES, join(folder, 'templates'));
    writeFileSync(join(folder, 'promtool'), PROMTOOL, { mode: 0o755 });
    for (const [image, { program, user, folder: own }] of Object.entries(WATCHERS))
      build(engine, folder, image, [
        `COPY ${program} ${program === 'prometheus' ? 'promtool promtool.real ' : ''}/usr/local/bin/`,
        `COPY templates ${ALERTMANAGER_TEMPLATES}`,
        `RUN ln -sf /usr/bin/busybox /usr/local/bin/wget && install -d -o ${user} -g ${user} ${own}`,
        `ENTRYPOINT ["${program}"]`,
      ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Images under the official names where no registry can be reached: Debian's packages, and Node and nats-server as this
 * checkout has them. Their starts are ours, so the official ones are not tested by them.
 * @param engine runs podman @returns the digest of the image that stands for vLLM's
 */
export async function importStandIns(root, engine) {
  importDebian(engine);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-stand-ins-'));
  try {
    cpSync(realpathSync(join(root, 'node_modules/node/bin/node')), join(folder, 'node'));
    copy(join(dirname(realpathSync(programs.find('npm'))), '..'), join(folder, 'npm'));
    // A registry behind a proxy has an authority of its own.
    cpSync(process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt', join(folder, 'authorities.crt'));
    for (const [name, text] of Object.entries({
      'postgres-start': POSTGRES_START,
      'nginx-start': NGINX_START,
      vllm: VLLM,
    }))
      writeFileSync(join(folder, name), text, { mode: 0o755 });
    for (const part of ['apps/vllm-simulator', 'libs']) copy(join(root, 'dist', part), join(folder, 'dist', part));
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
    const { ensureNatsServer } = createRequire(import.meta.url)(
      join(root, 'dist/libs/common/src/servers/nats-server.js'),
    );
    cpSync(await ensureNatsServer(process.env, () => undefined), join(folder, 'nats-server'));
    for (const [image, lines] of Object.entries(IMAGES)) build(engine, folder, image, lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return engine.podman(['image', 'inspect', '--format', '{{.Digest}}', 'docker.io/vllm/vllm-openai:stand-in']).trim();
}

const IMAGES = {
  'node:24.21.0-bookworm-slim': [
    'COPY node /usr/local/bin/',
    'COPY npm /usr/local/lib/node_modules/npm',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd -u 1000 -m node',
    'COPY authorities.crt /usr/local/share/authorities.crt',
    'ENV NODE_EXTRA_CA_CERTS=/usr/local/share/authorities.crt',
  ],
  'nats:2.15.2-alpine': [
    'COPY nats-server /usr/local/bin/nats-server',
    'RUN ln -s /usr/bin/busybox /usr/local/bin/wget && mkdir /data && chown 1000:1000 /data',
    'ENTRYPOINT ["nats-server"]',
  ],
  'postgres:18.6-bookworm': [
    'COPY postgres-start /usr/local/bin/',
    'RUN usermod -u 999 postgres && groupmod -o -g 999 postgres && mkdir -p /docker-entrypoint-initdb.d && rm -rf /var/lib/postgresql && install -d -o 999 -g 999 /var/lib/postgresql',
    'ENV PATH=/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/18/docker',
    'ENTRYPOINT ["postgres-start"]',
  ],
  'redis:8.0.6-bookworm': ['RUN install -d -o 999 -g 999 /data', 'WORKDIR /data'],
  'nginx:1.30.6': [
    'COPY nginx-start /usr/local/bin/',
    'RUN rm -rf /etc/nginx/conf.d /etc/nginx/sites-enabled && mkdir /etc/nginx/conf.d',
    'ENTRYPOINT ["nginx-start"]',
  ],
  'vllm/vllm-openai:stand-in': [
    'COPY node vllm /usr/local/bin/',
    'COPY dist /app/dist',
    'COPY package.json /app/',
    'ENTRYPOINT ["vllm"]',
  ],
};

function build(engine, folder, image, lines) {
  writeFileSync(join(folder, 'Dockerfile'), ['FROM localhost/debian', ...lines, ''].join('\n'));
  engine.podman([
    'build',
    '--quiet',
    '--network',
    'none',
    '--format',
    'docker',
    '-t',
    `docker.io/${image.includes('/') ? '' : 'library/'}${image}`,
    folder,
  ]);
}

function importDebian(engine) {
  if (engine.podman(['images', '--quiet', 'localhost/debian']).trim() !== '') return;
  const archive = join(dirname(TOOLS), 'debian.tar');
  const without = ['--exclude=./var/cache/apt', '--exclude=./var/lib/apt/lists', '--exclude=./usr/share/doc'];
  programs.run('tar', ['-C', debianRoot(`debian-${DEBIAN}`, DEBIAN, PACKAGES), ...without, '-cf', archive, '.']);
  engine.podman(['import', '--quiet', archive, 'localhost/debian']);
  rmSync(archive);
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}
