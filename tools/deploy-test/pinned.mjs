import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `name@version` of every package that runs, as package-lock.json pins them. What is for one platform only may be left out. */
export function pinnedPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && !dev && !optional)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);
}

/** @param spdx a bill of materials @throws Error that names the pinned packages that are not in it */
export function expectPinned(root, spdx, isExpected = () => true) {
  const listed = new Set(JSON.parse(spdx).packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`));
  const missing = pinnedPackages(root).filter((one) => isExpected(one) && !listed.has(one));
  if (missing.length > 0) throw new Error(`not in it: ${missing.slice(0, 20).join(', ')}`);
}
