import { startPostgres, type TestPostgres } from '#testing/postgres';
import { assertForeignServers } from './foreign-servers';

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
    const told = await assertForeignServers({ DATABASE_URL: made(postgres.url) }).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
    expect(told).toBe(reason === null ? null : `DATABASE_URL: ${reason}`);
  });
});
