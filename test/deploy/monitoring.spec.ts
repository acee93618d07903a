import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { prometheusIsHere, startPrometheus, type TestPrometheus } from './prometheus';

const ROOT = resolve(__dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');
const HERE = prometheusIsHere ? describe : describe.skip;
if (!prometheusIsHere) console.warn('prometheus or promtool is not on this machine: its rules are not run');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly type: string } }[];
  }[];
}

const rules = rulesIn('prometheus/rules');
/** Of Loki: they ask for lines and not for metrics. */
const logRules = rulesIn('loki/rules/fake');
const dashboards = filesOf(join(DEPLOY, 'grafana/dashboards')).map(
  (file) => JSON.parse(readFileSync(file, 'utf8')) as Dashboard,
);
const panelQueries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? [])
      .filter(({ datasource }) => datasource.type === 'prometheus')
      .map(({ expr }): [string, string] => [`${title}, ${panel.title}`, expr]),
  ),
);

/** What HorizontalPodAutoscalers of deploy/k8s ask for, by the service that they scale. */
const AUTOSCALED_BY = ['api-gateway', 'chat-service'].map((service): [string, string] => {
  const manifest = readFileSync(join(DEPLOY, `k8s/base/${service}.yaml`), 'utf8');
  return [`the autoscaler of ${service}`, /metric: \{ name: (\w+) \}/.exec(manifest)?.[1] ?? 'no metric'];
});

/** Of programs that this machine need not have: named here, so that a new one is looked at. */
const OF_OTHERS = [
  'node_cpu_seconds_total',
  'node_filesystem_avail_bytes',
  'node_filesystem_size_bytes',
  'node_memory_MemAvailable_bytes',
  'DCGM_FI_DEV_SM_CLOCK',
  'DCGM_FI_DEV_XID_ERRORS',
];

describe('alerts', () => {
  const alerts = [...rules, ...logRules].filter((rule) => rule.alert !== undefined);

  it.each(alerts.map((rule): [string, Rule] => [rule.alert ?? '', rule]))(
    '%s say what happened and where to read what to do',
    (_name, { annotations = {}, labels = {} }) => {
      expect(annotations['summary']).toMatch(/\S/);
      expect(annotations['description']).toMatch(/\S/);
      expect(['page', 'ticket']).toContain(labels['severity']);
      const runbook = readFileSync(join(ROOT, annotations['runbook'] ?? ''), 'utf8');
      expect(runbook).toContain(_name);
      expect(runbook).toContain('**What Tandem did already.**');
      expect(runbook).toContain('**What to do**');
    },
  );

  it('have runbooks, and each runbook has an alert', () => {
    const named = new Set(alerts.map(({ annotations }) => annotations?.['runbook']));
    expect(
      readdirSync(join(ROOT, 'docs/runbooks'))
        .map((file) => `docs/runbooks/${file}`)
        .sort(),
    ).toEqual([...named].sort());
  });
});

describe('dashboards', () => {
  it('are what tools/dashboards writes', async () => {
    const { dashboards: made } = (await import(join(ROOT, 'tools/dashboards/dashboards.mjs'))) as {
      dashboards: Record<string, unknown>;
    };
    for (const [name, dashboard] of Object.entries(made)) {
      const written = readFileSync(join(DEPLOY, `grafana/dashboards/${name}.json`), 'utf8');
      // "npm run dashboards" writes them anew.
      expect(JSON.parse(written)).toEqual(dashboard);
    }
  });
});

HERE('rules, as promtool reads them', () => {
  it('hold for the stories of their tests', () => {
    const files = filesOf(join(DEPLOY, 'prometheus/tests'));
    expect(execFileSync('promtool', ['test', 'rules', ...files], { encoding: 'utf8' })).toContain('SUCCESS');
  });
});

describe('metrics of the running services', () => {
  let system: TestSystem;
  let exported: Set<string>;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '500' } });
    const answer = await fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'default', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8 }),
    });
    await answer.text();
    const pages = Object.values(system.services).map(async ({ url }) => (await fetch(`${url}/metrics`)).text());
    exported = new Set((await Promise.all(pages)).flatMap(namesOf));
  });
  afterAll(() => system.stop());

  it.each([
    ...rules.map((rule): [string, string] => [rule.alert ?? rule.record ?? '', rule.expr]),
    ...panelQueries,
    ...AUTOSCALED_BY,
  ])('are there for "%s"', (_name, expr) => {
    const recorded = new Set(rules.map((rule) => rule.record));
    const unknown = metricsIn(expr).filter(
      (name) => !exported.has(name) && !recorded.has(name) && !OF_OTHERS.includes(name) && name !== 'up',
    );
    expect(unknown).toEqual([]);
  });

  HERE('scraped by a real Prometheus', () => {
    let prometheus: TestPrometheus;
    beforeAll(async () => {
      const targets = Object.entries(system.services).map(([job, { url }]) => [job, new URL(url).host]);
      prometheus = await startPrometheus(Object.fromEntries(targets) as Record<string, string>);
      await eventually(async () => (await prometheus.query('tandem:serving'))[0]?.value[1] === '1', {
        timeoutMs: 60_000,
      });
    });
    afterAll(() => prometheus.stop());

    it('make every query of the dashboards one that Prometheus understands', async () => {
      for (const [, expr] of panelQueries) await prometheus.query(expr);
    });

    it('say that nothing is served once every chat-service is gone, and begin to raise the alert', async () => {
      await system.kill('chat-service');
      const zero = async (): Promise<boolean> => (await prometheus.query('tandem:serving'))[0]?.value[1] === '0';
      await eventually(zero, { timeoutMs: 60_000 });
      const raised = async (): Promise<boolean> => {
        const alerts = await prometheus.query('ALERTS{alertname="TandemServiceDown"}');
        return alerts.some(({ metric }) => metric['job'] === 'chat-service');
      };
      await eventually(raised, { timeoutMs: 60_000 });
    });
  });
});

function rulesIn(folder: string): Rule[] {
  return filesOf(join(DEPLOY, folder)).flatMap((file) =>
    (parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
  );
}

function filesOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
}

/** Names on a metrics page, `# TYPE` lines included: a counter nobody has raised yet has a type and no value. */
function namesOf(page: string): string[] {
  return page.split('\n').flatMap((line) => {
    const [, name, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (name === undefined) return [];
    return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
}

/** Metric names in a PromQL expression: words that are followed by neither "(" nor "=", outside of {...} and by (...). */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replace(/\[[^\]]*\]/g, '');
  const words = bare.match(/[a-z_:][a-z0-9_:]*(?!\s*\()\b(?!\s*\()/gi) ?? [];
  return words.filter((word) => !/^(and|or|unless|by|bool|offset)$/.test(word) && /[_:]|^up$/.test(word));
}
