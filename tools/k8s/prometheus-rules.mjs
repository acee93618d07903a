// `npm run k8s:rules`: the rules of deploy/prometheus as the object that the Prometheus operator reads.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const RULES = join(ROOT, 'deploy/prometheus/rules');
const WRITTEN = join(ROOT, 'deploy/k8s/components/monitoring/prometheus-rules.yaml');

export function prometheusRules() {
  const groups = readdirSync(RULES)
    .sort()
    .flatMap((file) => {
      const { groups } = parse(readFileSync(join(RULES, file), 'utf8'));
      // In files a group may be called as one of another file; in one object it may not.
      return groups.map((group) => ({ ...group, name: `${group.name}-${basename(file, '.yml')}` }));
    });
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'tandem', namespace: 'tandem' },
    spec: { groups },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const head = '# Written by "npm run k8s:rules" from deploy/prometheus/rules: change it there.\n';
  writeFileSync(WRITTEN, head + stringify(prometheusRules(), { lineWidth: 0, singleQuote: true }));
}
