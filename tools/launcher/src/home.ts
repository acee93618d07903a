import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where everything of one Tandem lies. */
export interface Home {
  readonly dir: string;
  readonly stateFile: string;
  readonly lockFile: string;
  readonly secretsFile: string;
  /** The gateway leaves the first credentials here, for us to show once. */
  readonly firstStartFile: string;
  readonly logsDir: string;
  readonly natsDir: string;
  readonly postgresDir: string;
  readonly enginesDir: string;
}

/** The folder named by TANDEM_HOME, else `.tandem` in the checkout; made when it is missing. */
export function openHome(root: string, env: Readonly<Record<string, string | undefined>>): Home {
  const wished = resolve(env['TANDEM_HOME'] ?? join(root, '.tandem'));
  mkdirSync(wished, { recursive: true });
  // One name for one folder, however it was written: processes are found by it.
  const dir = realpathSync(wished);
  // Passable, because Postgres may run as a user of its own inside; what is secret has a mode of its own.
  chmodSync(dir, 0o711);
  const home: Home = {
    dir,
    stateFile: join(dir, 'run', 'state.json'),
    lockFile: join(dir, 'run', 'launcher.lock'),
    secretsFile: join(dir, 'secrets.json'),
    firstStartFile: join(dir, 'run', 'first-start.json'),
    logsDir: join(dir, 'logs'),
    natsDir: join(dir, 'nats'),
    postgresDir: join(dir, 'postgres'),
    enginesDir: join(dir, 'engines'),
  };
  for (const folder of [join(dir, 'run'), home.logsDir, home.natsDir, home.enginesDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  mkdirSync(home.postgresDir, { recursive: true });
  chmodSync(home.postgresDir, 0o711);
  return home;
}
