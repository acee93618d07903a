import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { V1CronJob, V1Deployment, V1EnvVar, V1PodTemplateSpec } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { serviceVariables } from '#common/config';
import { gatewayVariables, loadConfig } from '../../apps/api-gateway/src/config';
import { chatVariables, loadChatConfig } from '../../apps/chat-service/src/config';
import { loadSettings as loadModelSettings, variables as modelVariables } from '../../apps/model-manager/src/config';
import { loadSettings as loadUsageSettings, variables as usageVariables } from '../../apps/usage-service/src/config';
import { loadSettings as loadBackupSettings, variables as backupVariables } from '../../tools/backup/config';
import { built, kustomizeIsHere, OVERLAYS, type Manifest } from './kustomize';

const ROOT = resolve(__dirname, '../..');
const HERE = kustomizeIsHere ? describe : describe.skip;
if (!kustomizeIsHere) console.warn('kubectl is not on this machine: deploy/k8s is not built');

type Environment = Record<string, string>;
const SERVICES: Record<string, { schema: z.ZodRawShape; load: (environment: Environment) => object }> = {
  'api-gateway': { schema: gatewayVariables, load: loadConfig },
  'chat-service': { schema: chatVariables, load: loadChatConfig },
  'model-manager': { schema: modelVariables, load: loadModelSettings },
  'usage-service': { schema: usageVariables, load: loadUsageSettings },
};
/** How long the last bytes of an answer, and what is written down at the end, may take. */
const LAST_WORDS_S = 10;

HERE.each(OVERLAYS)('overlay %s of deploy/k8s', (overlay) => {
  const deployment = (name: string): V1Deployment => {
    const isIt = ({ kind, metadata }: Manifest): boolean => kind === 'Deployment' && metadata.name === name;
    return built(overlay).objects.find(isIt) as unknown as V1Deployment;
  };

  it.each(Object.entries(SERVICES))(
    'gives %s settings that it knows, and all that it needs',
    (name, { schema, load }) => {
      const environment = environmentOf(overlay, deployment(name).spec!.template, schema);
      expect(Object.keys(environment).filter((variable) => !(variable in schema))).toEqual([]);
      expect(() => load(environment)).not.toThrow();
    },
  );

  it('gives the nightly backup settings that it knows, and all that it needs', () => {
    const { spec } = built(overlay).objects.find(({ kind }) => kind === 'CronJob') as unknown as V1CronJob;
    const environment = environmentOf(overlay, spec.jobTemplate.spec!.template, backupVariables);
    expect(Object.keys(environment).filter((variable) => !(variable in backupVariables))).toEqual([]);
    expect(() => loadBackupSettings(environment)).not.toThrow();
    expect(environment).toHaveProperty('NATS_URL');
    expect(environment).toHaveProperty('DATABASE_URL');
  });

  it.each(['api-gateway', 'chat-service'])('lets the longest answer end before %s is killed', (name) => {
    const { spec } = deployment(name).spec!.template;
    const chat = environmentOf(overlay, deployment('chat-service').spec!.template, chatVariables);
    const own = environmentOf(overlay, deployment(name).spec!.template, serviceVariables);
    const preStopS = spec?.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
    const drainS = Number(own['DRAIN_TIMEOUT_MS']) / 1_000;
    expect(drainS).toBeGreaterThan(Number(chat['REQUEST_DEADLINE_MS']) / 1_000);
    expect(spec?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStopS + drainS + LAST_WORDS_S);
  });

  it('lets only chat-service and model-manager reach engines', () => {
    const policies = built(overlay).objects.filter(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && ['tandem-engines', 'vllm'].includes(metadata.namespace ?? ''),
    );
    const rules = policies.flatMap(({ spec }) => spec?.['ingress'] as { from: unknown[] }[]);
    expect(rules.flatMap(({ from }) => from)).toEqual([
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'tandem' } },
        podSelector: {
          matchExpressions: [
            { key: 'app.kubernetes.io/name', operator: 'In', values: ['chat-service', 'model-manager'] },
          ],
        },
      },
    ]);
  });
});

describe('rules for the Prometheus operator', () => {
  it('are those of deploy/prometheus ("npm run k8s:rules" writes them)', async () => {
    const { prometheusRules } = (await import(join(ROOT, 'tools/k8s/prometheus-rules.mjs'))) as {
      prometheusRules: () => object;
    };
    const written = readFileSync(join(ROOT, 'deploy/k8s/components/monitoring/prometheus-rules.yaml'), 'utf8');
    expect(parse(written)).toEqual(prometheusRules());
  });
});

/** The variables of the first container; a secret's are its examples, and optional ones are not there. */
function environmentOf(overlay: string, { spec }: V1PodTemplateSpec, schema: z.ZodRawShape): Environment {
  const variables = spec?.containers[0]?.env ?? [];
  return Object.fromEntries(
    variables
      .filter(({ valueFrom }) => valueFrom?.secretKeyRef?.optional !== true)
      .map((variable) => [variable.name, valueOf(overlay, variable, schema)]),
  );
}

function valueOf(overlay: string, { name, value, valueFrom }: V1EnvVar, schema: z.ZodRawShape): string {
  if (value !== undefined) return value;
  if (valueFrom?.secretKeyRef !== undefined) {
    const example = String((schema[name] as z.ZodType | undefined)?.meta()?.['example']);
    return example.startsWith('$(openssl rand') ? 'a'.repeat(64) : example;
  }
  const { name: map, key } = valueFrom!.configMapKeyRef!;
  const of = (one: Manifest): boolean => one.kind === 'ConfigMap' && one.metadata.name === map;
  return built(overlay).objects.find(of)!.data![key]!;
}
