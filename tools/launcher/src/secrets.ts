import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { Trouble } from './trouble';

const secret = z.string().min(32);

const secretsSchema = z.object({
  /** Names this home where something of it must lie elsewhere. */
  homeId: secret,
  jwtSecret: secret,
  /** 32 bytes: encrypts what admins store of other servers. */
  settingsEncryptionKey: secret,
  natsPassword: secret,
  postgresPassword: secret,
  gatewayDatabasePassword: secret,
  usageDatabasePassword: secret,
  chatDatabasePassword: secret,
});

const olderSecrets = secretsSchema.partial().required({ homeId: true });

/** Everything secret that the launcher made up for one home; hexadecimal, so it needs no quoting in any URL. */
export type Secrets = z.output<typeof secretsSchema>;

/** Reads the secrets of this home, and makes those that it does not have yet (mode 0600). */
export function openSecrets(file: string): Secrets {
  const known = existsSync(file) ? readSecrets(file) : {};
  const missing = Object.keys(secretsSchema.shape).filter((name) => !Object.hasOwn(known, name));
  const made = Object.fromEntries(missing.map((name) => [name, randomBytes(32).toString('hex')]));
  const secrets = secretsSchema.parse({ ...known, ...made });
  if (missing.length === 0) return secrets;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
  return secrets;
}

/** Those of an older version: some may be missing. */
function readSecrets(file: string): z.output<typeof olderSecrets> {
  try {
    return olderSecrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new Trouble(
      `${file} is damaged; put it back from a backup, or remove it to have new secrets (all log-ins end)`,
    );
  }
}
