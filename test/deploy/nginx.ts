import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '#testing/ports';
import { isInstalled } from '#testing/programs';
import { ServerProcess } from '#testing/server-process';

const FILES = resolve(__dirname, '../../deploy/nginx');
const MIME_TYPES = '/etc/nginx/mime.types';

/** nginx and openssl are optional on the machine of the tests: false where one is missing. */
export const nginxIsHere = ['nginx', 'openssl'].every(isInstalled) && existsSync(MIME_TYPES);

export interface TestNginx {
  readonly httpUrl: string;
  readonly httpsUrl: string;
  readonly httpsPort: number;
  /** Of the certificate that it shows, PEM; clients must trust it. */
  readonly certificate: string;
  readonly certificateFile: string;
  /** What it has logged: a JSON line a request, and its own words. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * A real nginx with the files of deploy/nginx, rendered as the image's start renders them, and a certificate of its own.
 * @param gateways nginx's own words for them: `server 127.0.0.1:8080;`
 */
export async function startNginx(gateways: string): Promise<TestNginx> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-nginx-'));
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const certificateFile = join(folder, 'tls.crt');
  const keyFile = join(folder, 'tls.key');
  selfSigned(certificateFile, keyFile);
  const settings: Readonly<Record<string, string>> = {
    TANDEM_SERVER_NAME: 'localhost',
    TANDEM_GATEWAYS: gateways,
    TANDEM_WEB_ROOT: join(folder, 'web'),
    TANDEM_TLS_CERT: certificateFile,
    TANDEM_TLS_KEY: keyFile,
    TANDEM_ACME_ROOT: join(folder, 'acme'),
    TANDEM_HTTP_PORT: `127.0.0.1:${httpPort}`,
    TANDEM_HTTPS_PORT: `127.0.0.1:${httpsPort}`,
    TANDEM_NGINX_FILES: FILES,
  };
  mkdirSync(join(folder, 'conf.d'));
  mkdirSync(join(folder, 'acme/.well-known/acme-challenge'), { recursive: true });
  writeFileSync(join(folder, 'acme/.well-known/acme-challenge/token'), 'proof');
  copyFileSync(MIME_TYPES, join(folder, 'mime.types'));
  // A machine has one /tmp, a container has its own.
  const main = readFileSync(join(FILES, 'nginx.conf'), 'utf8').replaceAll('/tmp/', `${folder}/`);
  writeFileSync(join(folder, 'nginx.conf'), main);
  const template = readFileSync(join(FILES, 'templates/tandem.conf.template'), 'utf8');
  writeFileSync(join(folder, 'conf.d/tandem.conf'), rendered(template, settings));
  const logFile = join(folder, 'nginx.log');
  // Started by root its workers are nobody, who may not enter the folder of a test.
  const asWhom = process.getuid?.() === 0 ? ' user root;' : '';
  const server = new ServerProcess({
    command: 'nginx',
    args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', `daemon off;${asWhom}`],
    logFile,
    folder,
    stopSignal: 'SIGQUIT',
  });
  await server.start(() => accepts(httpsPort));
  return {
    httpUrl: `http://127.0.0.1:${httpPort}`,
    httpsUrl: `https://localhost:${httpsPort}`,
    httpsPort,
    certificate: readFileSync(certificateFile, 'utf8'),
    certificateFile,
    log: () => readFileSync(logFile, 'utf8'),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As `envsubst` with the names of the settings: what is not one of them is nginx's own. */
function rendered(template: string, settings: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{(\w+)\}/g, (whole, name: string) => settings[name] ?? whole);
}

function selfSigned(certificate: string, key: string): void {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('error', () => done(false));
    socket.once('secureConnect', () => {
      socket.destroy();
      done(true);
    });
  });
}
