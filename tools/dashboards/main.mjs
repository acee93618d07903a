// npm run dashboards: writes deploy/grafana/dashboards from dashboards.mjs.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboards } from './dashboards.mjs';

const folder = fileURLToPath(new URL('../../deploy/grafana/dashboards/', import.meta.url));
for (const [name, dashboard] of Object.entries(dashboards))
  writeFileSync(`${folder}${name}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
