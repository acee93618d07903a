import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../drivers/programs.mjs';

/** The kinds of others that our manifests use: their operators' definitions, as their Go modules carry them. */
const DEFINITIONS = {
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': [
    'example/prometheus-operator-crd',
    /_(servicemonitors|prometheusrules)\.yaml$/,
  ],
  'github.com/cloudnative-pg/cloudnative-pg@v1.27.1': ['config/crd/bases', /_(clusters|databases)\.yaml$/],
  'sigs.k8s.io/gateway-api@v1.4.0': ['config/crd/standard', /_(gateways|httproutes)\.yaml$/],
};

/** Files with the definitions of ServiceMonitor, Cluster of CloudNativePG, HTTPRoute and so on. */
export function definitionFiles() {
  return Object.entries(DEFINITIONS).flatMap(([module, [folder, wanted]]) => {
    const { Dir } = JSON.parse(must('go', ['mod', 'download', '-json', module]));
    const at = join(Dir, folder);
    return readdirSync(at)
      .filter((file) => wanted.test(file))
      .map((file) => join(at, file));
  });
}
