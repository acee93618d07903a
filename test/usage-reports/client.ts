/** Somebody who talks to a gateway. */
export class Client {
  private constructor(
    private readonly url: string,
    private readonly credential: string,
    /** Of who signed in with a password; empty for a key. */
    readonly userId: string,
  ) {}

  static byKey(url: string, key: string): Client {
    return new Client(url, key, '');
  }

  get(path: string, signal?: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${this.credential}` };
    return fetch(this.url + path, signal === undefined ? { headers } : { headers, signal });
  }

  async post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.credential}`, 'content-type': 'application/json' };
    const answer = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Makes a user, which only an admin can, and signs it in. */
  async newUser(email: string): Promise<Client> {
    const credentials = { email, password: 'a password of a test' };
    const { id } = await this.post('/api/users', credentials);
    const { accessToken } = await this.post('/api/auth/login', credentials);
    return new Client(this.url, String(accessToken), String(id));
  }
}
