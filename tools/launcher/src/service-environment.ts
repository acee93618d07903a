import { HOME_MARK, SERVICE_MARK } from './service-spec';

type Env = Readonly<Record<string, string | undefined>>;

/** Set by the launcher, never taken over: zsh for one exports HOST. */
const OURS = ['HOST', 'PORT', 'NATS_URL', 'DATABASE_URL', 'JWT_SECRET', 'FIRST_START_FILE', HOME_MARK, SERVICE_MARK];

/** What only some services have a need to know. */
const ONLY_FOR: Readonly<Record<string, string | readonly string[]>> = {
  REDIS_URL: ['api-gateway', 'chat-service'],
  SETTINGS_ENCRYPTION_KEY: 'chat-service',
  TANDEM_ADMIN_EMAIL: 'api-gateway',
  TANDEM_ADMIN_PASSWORD: 'api-gateway',
  TANDEM_API_KEY: 'api-gateway',
  HUGGING_FACE_HUB_TOKEN: 'model-manager',
  HF_TOKEN: 'model-manager',
};

/** The user's environment as one service gets it: everything but the secrets of others, with `own` on top. */
export function serviceEnvironment(
  service: string,
  home: string,
  user: Env,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(user)) {
    if (
      value === undefined ||
      OURS.includes(name.replace(/_FILE$/, '')) ||
      OURS.includes(name) ||
      name.startsWith('npm_')
    )
      continue;
    if ([ONLY_FOR[name] ?? service].flat().includes(service)) env[name] = value;
  }
  return { ...env, ...own, [HOME_MARK]: home, [SERVICE_MARK]: service };
}

/** For nats-server, Postgres and the supervisor: they read nothing of the user's. */
export function serverEnvironment(server: string, home: string, user: Env): Record<string, string> {
  return { PATH: user['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', [HOME_MARK]: home, [SERVICE_MARK]: server };
}
