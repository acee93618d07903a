import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs, TOOLS } from '../programs.mjs';

const GRAFANA = join(TOOLS, '../grafana/node_modules');
/** Grafana's own model of a dashboard; its enums are their values in JSON. */
const TYPES = `import type { Dashboard } from '@grafana/schema';
type Plain<T> = T extends string ? \`\${T}\` : T extends readonly (infer One)[] ? Plain<One>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;
`;
const TSC = '--noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext --target es2022'.split(' ');

/** Every key of every dashboard and panel is one that Grafana knows, with a value of its kind. What a query says is opaque to it. */
function dashboards(root) {
  if (!existsSync(GRAFANA)) return { notRun: 'without @grafana/schema: tools/deploy-test/get-tools.sh grafana-schema' };
  const folder = mkdtempSync(join(tmpdir(), 'tandem-dashboards-'));
  try {
    symlinkSync(GRAFANA, join(folder, 'node_modules'));
    const texts = readdirSync(join(root, 'deploy/grafana/dashboards')).map((file, index) => {
      const text = readFileSync(join(root, 'deploy/grafana/dashboards', file), 'utf8');
      return `export const dashboard${index}: Plain<Dashboard> = ${text};\n`;
    });
    writeFileSync(join(folder, 'dashboards.ts'), TYPES + texts.join(''));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    programs.run(process.execPath, [tsc, ...TSC, 'dashboards.ts'], { cwd: folder });
    return {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files are read, and each severity comes to those who are to hear of it. */
function alerts(root) {
  programs.run('promtool', ['check', 'config', join(root, 'deploy/prometheus/prometheus.yml')]);
  const file = join(root, 'deploy/alertmanager/alertmanager.yml');
  programs.run('amtool', ['check-config', file]);
  for (const severity of ['page', 'ticket']) {
    const words = [`--config.file=${file}`, `--verify.receivers=${severity}`, `severity=${severity}`];
    programs.run('amtool', ['config', 'routes', 'test', ...words]);
  }
}

export const checks = [
  { name: "grafana: dashboards are what Grafana's own types take", needs: [], run: dashboards },
  { name: 'amtool, promtool: who is told of which alert', needs: ['amtool', 'promtool'], run: alerts },
];
