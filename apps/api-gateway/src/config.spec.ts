import { ConfigError } from '#common/config';
import { loadConfig, swaggerAudience } from './config';

const needed = { DATABASE_URL: 'postgres://tandem@127.0.0.1/tandem', JWT_SECRET: 'x'.repeat(32) };

it('needs a database and a secret, and has a default for the rest', () => {
  const config = loadConfig(needed);
  expect(config).toMatchObject({ PORT: 8_080, HOST: '127.0.0.1', CORS_ORIGINS: [], MAX_BODY_BYTES: 4_194_304 });
  expect(Object.isFrozen(config)).toBe(true);
});

it.each<[Record<string, string>, string]>([
  [{ DATABASE_URL: '' }, 'DATABASE_URL'],
  [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
  [{ JWT_SECRET: 'short' }, 'JWT_SECRET'],
  [{ CORS_ORIGINS: '*' }, 'CORS_ORIGINS'],
  [{ CORS_ORIGINS: 'https://a.example/path' }, 'CORS_ORIGINS'],
  [{ TANDEM_API_KEY: 'a b c d e f' }, 'TANDEM_API_KEY'],
  [{ TANDEM_API_KEY: 'looks.like.jwt' }, 'TANDEM_API_KEY'],
  [{ TANDEM_ADMIN_PASSWORD: 'short' }, 'TANDEM_ADMIN_PASSWORD'],
  [{ MAX_BODY_BYTES: '100000000' }, 'MAX_BODY_BYTES'],
  [{ MAX_N: '0' }, 'MAX_N'],
  [{ SWAGGER: 'everybody' }, 'SWAGGER'],
])('%j stops the start with one line that names %s', (wrong, name) => {
  let message = '';
  try {
    loadConfig({ ...needed, ...wrong });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ message } = error);
  }
  expect(message).toMatch(new RegExp(`^${name}: .+\\(example: ${name}=.+\\)$`));
});

it.each<[Record<string, string>, string]>([
  [{}, 'public'],
  [{ NODE_ENV: 'production' }, 'admin'],
  [{ NODE_ENV: 'production', SWAGGER: 'public' }, 'public'],
  [{ SWAGGER: 'admin' }, 'admin'],
])('with %j the API console is %s', (variables, audience) => {
  expect(swaggerAudience(loadConfig({ ...needed, ...variables }))).toBe(audience);
});
