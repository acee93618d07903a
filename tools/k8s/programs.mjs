import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must } from '../drivers/programs.mjs';

/** Programs that are built once, by Go, for all checkouts of this user. */
export const PROGRAMS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tandem/deploy/bin');

const MODULES = {
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
};

/** The kinds of others that our manifests use: their operators' definitions, as their Go modules carry them. */
const DEFINITIONS = {
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': [
    'example/prometheus-operator-crd',
    /_(servicemonitors|prometheusrules)\.yaml$/,
  ],
  'github.com/cloudnative-pg/cloudnative-pg@v1.27.1': ['config/crd/bases', /_(clusters|databases)\.yaml$/],
  'sigs.k8s.io/gateway-api@v1.4.0': ['config/crd/standard', /_(gateways|httproutes)\.yaml$/],
};

/** Path of a program of the list above. @throws Error where there is no Go to build it with. */
export function program(name) {
  const path = join(PROGRAMS, name);
  if (existsSync(path)) return path;
  mkdirSync(PROGRAMS, { recursive: true });
  console.log(`Building ${name}, once`);
  const env = { ...process.env, GOBIN: PROGRAMS };
  must('go', ['install', '-trimpath', '-ldflags', '-s -w', MODULES[name]], { env, stdio: 'inherit' });
  return path;
}

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
