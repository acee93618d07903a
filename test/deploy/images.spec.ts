import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { V8_MEMORY } from '../../tools/launcher/src/plan';

const ROOT = resolve(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly command?: readonly string[];
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly deploy?: { readonly resources: { readonly limits?: { readonly memory?: string } } };
  readonly logging?: { readonly options: Record<string, string> };
}

function servicesOf(file: string): [string, Service][] {
  const { services } = parse(read(`deploy/compose/${file}`), { merge: true }) as { services: Record<string, Service> };
  return Object.entries(services);
}

describe('the image of the services', () => {
  const lines = read('deploy/images/Dockerfile');

  it('gives V8 the memory settings of ./start', () => {
    const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(lines)?.[1] ?? '[]';
    expect(JSON.parse(entrypoint)).toEqual(['node', ...V8_MEMORY]);
  });

  it('has the Node of package.json', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(lines).toContain(`ARG NODE_IMAGE=node:${devDependencies['node']}-`);
    expect(read('deploy/images/web.Dockerfile')).toContain(`ARG NODE_IMAGE=node:${devDependencies['node']}-`);
  });

  it.each(['compose.yaml', 'compose.observability.yaml'])('in %s each program is one that the sources have', (file) => {
    const programs = servicesOf(file).flatMap(([, { command }]) =>
      (command ?? []).filter((word) => word.startsWith('dist/')),
    );
    const missing = programs.filter(
      (path) => !existsSync(join(ROOT, path.replace(/^dist\//, '').replace(/\.js$/, '.ts'))),
    );
    expect(missing).toEqual([]);
  });
});

describe.each(['compose.yaml', 'compose.observability.yaml'])('%s', (file) => {
  it.each(servicesOf(file))(
    '%s has no rights that it does not need, a bound on memory, and logs that end',
    (_name, service) => {
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.security_opt).toEqual(['no-new-privileges:true']);
      expect(service.deploy?.resources.limits?.memory).toMatch(/^\d+[mg]$/);
      expect(service.logging?.options).toMatchObject({ 'max-size': '32m', 'max-file': '4' });
    },
  );

  it.each(servicesOf(file))(
    '%s names each secret file that it is given, and is given each that it names',
    (_name, service) => {
      const named = Object.entries(service.environment ?? {})
        .filter(([name]) => name.endsWith('_FILE'))
        .map(([, path]) => path.replace('/run/secrets/', ''));
      for (const name of named) expect(service.secrets).toContain(name);
    },
  );

  it('pins each image to a version', () => {
    for (const [, { image }] of servicesOf(file)) expect(image).toMatch(/:(v?\d+\.\d+|\$\{TANDEM_VERSION)/);
  });
});
