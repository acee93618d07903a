import { startNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { assertForeignServers } from './foreign-servers';

/** Why Tandem does not start; null when it does. */
const reasonOf = (env: Record<string, string>): Promise<string | null> =>
  assertForeignServers(env).then(
    () => null,
    (error: unknown) => (error as Error).message,
  );

describe('a database of somebody else', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  it.each([
    ['the right user', (url: string) => url, null],
    [
      'a user who is not there',
      (url: string) => url.replace('tandem@', 'nobody:secret@'),
      'role "nobody" does not exist',
    ],
    ['a database that is not there', (url: string) => `${url}2`, 'database "tandem2" does not exist'],
  ])('and %s: the one reason is told before anything starts, without the password', async (_, made, reason) => {
    const told = await reasonOf({ DATABASE_URL: made(postgres.url) });
    expect(told).toBe(reason === null ? null : `DATABASE_URL: ${reason}`);
  });
});

it('a nats-server of somebody else: a wrong password is told before anything starts, without the password', async () => {
  const nats = await startNats({ account: { user: 'tandem', password: 'right' } });
  const at = (password: string) => ({ NATS_URL: nats.url.replace('//', `//tandem:${password}@`) });
  expect(await reasonOf(at('right'))).toBeNull();
  expect(await reasonOf(at('secret'))).toBe('NATS_URL: nats-server does not know its user or its password');
  await nats.stop();
});
