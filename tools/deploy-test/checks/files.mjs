import { readdirSync } from 'node:fs';
import { expectPinned } from '../pinned.mjs';
import { programs } from '../programs.mjs';
import { composeFolder, COMBINATIONS } from '../compose-folder.mjs';

/** Each combination of compose files that somebody may use, as Docker Compose itself reads it. */
const composeChecks = COMBINATIONS.map((files) => ({
  name: `compose config: ${files.join(' + ')}`,
  needs: ['docker-compose'],
  run: (root) => {
    const folder = composeFolder(root);
    try {
      const named = files.flatMap((file) => ['-f', file]);
      programs.run('docker-compose', [...named, 'config', '--quiet'], { cwd: folder.compose, quiet: true });
    } finally {
      folder.remove();
    }
  },
}));

export const checks = [
  {
    name: 'hadolint: Dockerfiles',
    needs: ['hadolint'],
    run: (root) =>
      programs.run('hadolint', ['deploy/images/Dockerfile', 'deploy/images/web.Dockerfile'], {
        cwd: root,
        quiet: true,
      }),
  },
  {
    name: 'shellcheck: deploy/ and tools/',
    needs: ['shellcheck'],
    run: (root) => {
      const scripts = readdirSync(root, { recursive: true, withFileTypes: false }).filter(
        (path) => /^(deploy|tools)\/.*\.sh$/.test(path) && !path.includes('node_modules'),
      );
      programs.run('shellcheck', scripts, { cwd: root, quiet: true });
    },
  },
  ...composeChecks,
  {
    name: 'compose config refuses to start without the image of vLLM',
    needs: ['docker-compose'],
    run: (root) => {
      const folder = composeFolder(root, { ENGINE_IMAGE: '' });
      try {
        programs.run('docker-compose', ['-f', 'compose.yaml', 'config', '--quiet'], { cwd: folder.compose });
      } catch (error) {
        if (error.message.includes('the image of vLLM by its digest')) return;
        throw error;
      } finally {
        folder.remove();
      }
      throw new Error('it was accepted');
    },
  },
  {
    name: 'actionlint: workflows',
    needs: ['actionlint'],
    run: (root) => programs.run('actionlint', [], { cwd: root, quiet: true }),
  },
  {
    name: 'syft: the bill of materials lists every package that is pinned, by its version',
    needs: ['syft'],
    run: (root) => {
      expectPinned(
        root,
        programs.run('syft', ['scan', 'file:package-lock.json', '-o', 'spdx-json', '--quiet'], { cwd: root }),
      );
    },
  },
];
