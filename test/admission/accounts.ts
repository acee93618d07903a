import type { TestSystem } from '#testing/system';

/** Makes users and keys through the API, as an admin would. */
export class Accounts {
  private made = 0;

  private constructor(
    private readonly url: string,
    private readonly adminToken: string,
  ) {}

  static async of(system: TestSystem): Promise<Accounts> {
    const { adminEmail: email, adminPassword: password } = system;
    const { accessToken } = await post<{ accessToken: string }>(system.url, '/api/auth/login', { email, password });
    return new Accounts(system.url, accessToken);
  }

  /** A key of the admin's with these limits. */
  async newKey(limits: Record<string, unknown> = {}): Promise<string> {
    return (await post<{ key: string }>(this.url, '/api/keys', { name: 'of a test', ...limits }, this.adminToken)).key;
  }

  /** A key of a user who did not exist before. */
  async newUserKey(limits: Record<string, unknown> = {}): Promise<string> {
    const user = { email: `user-${++this.made}@tandem.test`, password: 'correct horse battery staple' };
    await post(this.url, '/api/users', { ...user, role: 'user' }, this.adminToken);
    const { accessToken } = await post<{ accessToken: string }>(this.url, '/api/auth/login', user);
    return (await post<{ key: string }>(this.url, '/api/keys', { name: 'of a test', ...limits }, accessToken)).key;
  }
}

async function post<T>(url: string, path: string, body: Record<string, unknown>, token?: string): Promise<T> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
