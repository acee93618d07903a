import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from '../programs.mjs';

/** The most that `systemd-analyze security` may say of a unit (0: nothing is exposed, 10: everything is). */
const EXPOSURE = {
  'tandem@.service': 20,
  'tandem-nats.service': 20,
  'tandem-backup.service': 25,
  'tandem-vllm.service': 50,
};

/** The units as install.sh writes them, below a folder of their own. vLLM need not be on this machine: `true` stands there. */
function withUnits(root, preset, use) {
  const to = mkdtempSync(join(tmpdir(), 'tandem-units-'));
  try {
    programs.run('sh', [join(root, 'deploy/systemd/install.sh'), '--preset', preset, '--root', to]);
    const folder = join(to, 'etc/systemd/system');
    programs.run('sed', [
      '-i',
      's|^ExecStart=.*/vllm serve|ExecStart=/bin/true serve|',
      join(folder, 'tandem-vllm.service'),
    ]);
    use(folder);
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
}

export const checks = [
  ...['prod', 'dev'].map((preset) => ({
    name: `systemd-analyze verify: units of the preset ${preset}`,
    needs: ['systemd-analyze'],
    run: (root) =>
      withUnits(root, preset, (folder) => {
        const units = readdirSync(folder).filter(
          (name) => /\.(service|timer|target)$/.test(name) && !name.includes('@'),
        );
        const instances = ['api-gateway', 'chat-service', 'usage-service', 'model-manager'].map(
          (name) => `tandem@${name}.service`,
        );
        // An unknown key is only printed, with exit code 0.
        for (const unit of [...units, ...instances])
          programs.run('systemd-analyze', ['verify', join(folder, unit)], {
            quiet: true,
            env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
          });
      }),
  })),
  {
    name: 'systemd-analyze security: units are closed up',
    needs: ['systemd-analyze'],
    run: (root) =>
      withUnits(root, 'prod', (folder) => {
        for (const [unit, threshold] of Object.entries(EXPOSURE))
          programs.run('systemd-analyze', [
            'security',
            '--offline=true',
            `--threshold=${threshold}`,
            join(folder, unit),
          ]);
      }),
  },
];
