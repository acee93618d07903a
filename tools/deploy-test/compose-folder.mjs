import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from './programs.mjs';

const BASE = 'compose.yaml';
/** In the order in which they are given. */
export const COMBINATIONS = [
  [BASE],
  [BASE, 'compose.dev.yaml'],
  [BASE, 'compose.observability.yaml'],
  [BASE, 'compose.dev.yaml', 'compose.observability.yaml'],
];

/**
 * A copy of deploy/ in which setup.sh was run, so that secrets and .env of a test never lie in the checkout.
 * @param settings of .env
 * @param serviceSettings text of tandem.env
 */
export function composeFolder(root, settings = {}, serviceSettings = '') {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-deploy-'));
  // What is mounted for development, and what the scripts use.
  for (const part of ['apps', 'libs', 'tools', 'models', 'profiles', 'prompts', 'scripts', 'k6'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'deploy'), join(folder, 'deploy'), {
    recursive: true,
    filter: (path) => !/compose\/(secrets|\.env|tandem\.env)$/.test(path),
  });
  const compose = join(folder, 'deploy/compose');
  programs.run('sh', [join(compose, 'setup.sh')]);
  const all = { ENGINE_IMAGE: `vllm/vllm-openai@sha256:${'0'.repeat(64)}`, ...settings };
  writeFileSync(
    join(compose, '.env'),
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  writeFileSync(join(compose, 'tandem.env'), serviceSettings);
  return { folder, compose, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
