import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { eventually } from '#testing/eventually';
import { expectAccessible, signInByApi, type Ui } from './ui';

/** The name of what has the focus, as it is written or said. */
const FOCUSED = `document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent.trim()`;

/** The pages around the chat. */
export function pageSpecs(ui: Ui): void {
  it('downloads the usage as CSV, and it is what the ledger has', async () => {
    await ui.signIn();
    await ui.ask('Count me.');
    await ui.answered();
    const requests = async () =>
      (
        await ui.api<{ items: { requestId: string; outcome: string | null; outputTokens: number | null }[] }>(
          '/api/usage/requests?limit=200',
        )
      ).items;
    await eventually(async () => (await requests()).some(({ outcome }) => outcome === 'completed'));
    await ui.page.getByRole('link', { name: 'Usage' }).click();
    await ui.page.getByRole('table').waitFor();
    const [file] = await Promise.all([
      ui.page.waitForEvent('download'),
      ui.page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const rows: Record<string, string>[] = parse(readFileSync(await file.path()), { bom: true, columns: true });
    // Others may have begun or ended since: titles are written by the engine too.
    const ended = rows.filter((row) => row['outcome'] !== '');
    const listed = new Map((await requests()).map((row) => [row.requestId, String(row.outputTokens ?? '')]));
    expect(ended.length).toBeGreaterThan(0);
    expect(ended.map((row) => row['output_tokens'])).toEqual(ended.map((row) => listed.get(row['request_id'] ?? '')));
  });

  it('keeps the filters of the usage in the address', async () => {
    await ui.signIn();
    await ui.page.goto(`${ui.system.url}/usage?by=model&outcome=error&from=2026-01-01&to=2026-01-02`);
    await ui.page.getByText('No requests in this range.').waitFor();
    expect(await ui.page.getByRole('button', { name: 'Model', exact: true }).getAttribute('aria-pressed')).toBe('true');
    await ui.page.getByRole('button', { name: 'Clear filters' }).click();
    await ui.page.waitForURL((url) => !url.searchParams.has('outcome') && url.searchParams.get('by') === 'model');
  });

  it('asks with the system prompt and the parameters of the conversation, also from another browser', async () => {
    await ui.signIn();
    await ui.page.getByRole('button', { name: 'System prompt and parameters' }).click();
    await ui.page.getByLabel('System prompt', { exact: true }).selectOption('Own text');
    await ui.page.getByLabel('Text', { exact: true }).fill('Answer in rhymes.');
    await ui.page.getByLabel('Temperature').fill('0.25');
    await ui.page.getByLabel('Longest answer (tokens)').fill('3');
    await ui.page.getByRole('button', { name: 'Save', exact: true }).click();
    await ui.page.getByRole('button', { name: 'System prompt and parameters: 3 changed' }).waitFor();
    const [request] = await Promise.all([
      ui.page.waitForRequest((sent) => sent.url().endsWith('/api/chat')),
      ui.ask('How are you?'),
    ]);
    expect(request.postDataJSON()).toMatchObject({ temperature: 0.25, maxTokens: 3 });
    await ui.page.getByText('The answer reached its longest allowed length.').waitFor();
    const elsewhere = await ui.open({});
    await ui.signIn(ui.system.adminEmail, ui.system.adminPassword, elsewhere);
    await elsewhere.goto(ui.page.url());
    await elsewhere.getByRole('button', { name: 'System prompt and parameters: 3 changed' }).click();
    expect(await elsewhere.getByLabel('Text', { exact: true }).inputValue()).toBe('Answer in rhymes.');
    expect(await elsewhere.getByLabel('Temperature').inputValue()).toBe('0.25');
  });

  it('changes the limits of a key', async () => {
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Keys' }).click();
    await ui.page.getByRole('button', { name: 'New key' }).click();
    await ui.page.getByLabel('Name').fill('to be limited');
    await ui.page.getByRole('button', { name: 'Make the key' }).click();
    await ui.page.getByRole('button', { name: 'Done' }).click();
    await ui.page.getByRole('button', { name: 'Edit to be limited' }).click();
    await ui.page.getByLabel('Requests a minute').fill('7');
    await ui.page.getByRole('button', { name: 'Save' }).click();
    await ui.page.getByText('Requests a minute: 7').waitFor();
  });

  it('gives a user a new password, which alone is good from then on, and deletes one', async () => {
    const email = 'kim@example.org';
    await ui.api('/api/users', 'POST', { email, password: 'the first password' });
    const login = async (password: string): Promise<number> => {
      const body = JSON.stringify({ email, password });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${ui.system.url}/api/auth/login`, { method: 'POST', headers, body })).status;
    };
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Users' }).click();
    await ui.page.getByRole('button', { name: `New password for ${email}` }).click();
    const proposed = await ui.page.getByLabel('Password', { exact: true }).inputValue();
    await ui.page.getByRole('button', { name: 'Set the password' }).click();
    expect(await ui.page.getByTestId('secret').textContent()).toContain(proposed);
    await ui.page.getByRole('button', { name: 'Done' }).click();
    expect([await login('the first password'), await login(proposed)]).toEqual([401, 200]);
    await ui.page.getByRole('button', { name: `Delete ${email}` }).click();
    await ui.page.getByRole('button', { name: 'Delete the user' }).click();
    await ui.page.getByText(email, { exact: true }).waitFor({ state: 'detached' });
    expect(await login(proposed)).toBe(401);
  });

  it('lets an admin choose who gives hints and try it; the page is accessible, in Korean too', async () => {
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Settings' }).click();
    await ui.page.getByRole('link', { name: 'Who gives hints' }).click();
    await ui.page.getByLabel('Who gives hints').selectOption('Another server');
    await ui.page.getByLabel('Address').fill('https://llm.example.com/v1');
    await ui.page.getByLabel('Key', { exact: true }).waitFor();
    await expectAccessible(ui.page, 'hints by another server');
    await ui.page.getByLabel('Who gives hints').selectOption('Rules, without a model');
    await ui.page.getByRole('button', { name: 'Test' }).click();
    await ui.page.getByText(/^local \(rules\) answered in/).waitFor();
    await ui.page.getByText(/^Look at the bounds in line 3/).waitFor();
    expect(await ui.api('/api/hints/settings')).toMatchObject({ mode: 'vllm' });
    await ui.page.getByRole('button', { name: 'Save' }).click();
    await ui.page.getByText('Saved', { exact: true }).waitFor();
    await eventually(async () => (await ui.api<{ mode: string }>('/api/hints/settings')).mode === 'local');
    await ui.page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(ui.page, 'hints, dark');
    const korean = await ui.open({ locale: 'ko-KR' });
    await signInByApi(korean, ui.system.url, ui.system.adminEmail, ui.system.adminPassword);
    await korean.goto(`${ui.system.url}/settings/hints`);
    await korean.getByRole('heading', { name: '힌트', level: 1 }).waitFor();
    await expectAccessible(korean, 'hints in Korean');
  });

  it('shows nothing of one user to the next one in the same browser', async () => {
    const [email, password] = ['park@example.org', 'a long password'];
    await ui.api('/api/users', 'POST', { email, password });
    await ui.signIn();
    await ui.ask('Of the admin alone.');
    await ui.answered();
    await ui.page.getByRole('button', { name: 'New chat' }).click();
    await ui.page.getByLabel('Ask anything').fill('a secret draft');
    await ui.page.getByRole('button', { name: 'Sign out' }).click();
    await ui.signInByForm(email, password);
    await ui.page.getByText('Nothing yet. Your conversations will stand here.').waitFor();
    expect(await ui.page.getByLabel('Ask anything').inputValue()).toBe('');
  });

  it('says that there is no GPU where there is none', async () => {
    await ui.signIn();
    await ui.page.goto(`${ui.system.url}/models/hardware`);
    await ui.page.getByText(/^No GPU can be seen/).waitFor();
  });

  it('has dialogs that are accessible, close with Escape and give the focus back to what opened them', async () => {
    const { id } = await ui.api<{ id: string }>('/api/conversations', 'POST', { title: 'of dialogs' });
    await ui.api('/api/users', 'POST', { email: 'dialog@example.org', password: 'a long password' });
    await ui.api('/api/keys', 'POST', { name: 'of dialogs' });
    await ui.api('/api/prompts', 'POST', { name: 'of dialogs', text: 'Be brief.' });
    const dialogs: Record<string, string[]> = {
      [`/c/${id}`]: ['System prompt and parameters', 'Rename of dialogs', 'Delete of dialogs'],
      '/keys': ['New key', 'Edit of dialogs', 'Revoke of dialogs'],
      '/users': ['New user', 'New password for dialog@example.org', 'Delete dialog@example.org'],
      '/settings': ['New prompt', 'Edit of dialogs', 'Delete of dialogs', 'Delete my data'],
    };
    await ui.signIn();
    for (const [path, openers] of Object.entries(dialogs)) {
      await ui.page.goto(ui.system.url + path);
      for (const name of openers) {
        const opener = ui.page.getByRole('button', { name, exact: true });
        await opener.focus();
        await ui.page.keyboard.press('Enter');
        await ui.page.getByRole('dialog').waitFor();
        await expectAccessible(ui.page, `${path}: ${name}`, 'dialog');
        await ui.page.keyboard.press('Escape');
        await ui.page.getByRole('dialog').waitFor({ state: 'detached' });
        await ui.page.waitForFunction(`(${FOCUSED}) === ${JSON.stringify(name)}`);
      }
    }
  });

  it('does not repeat a question that is asked again after a failure', async () => {
    await ui.signIn();
    await ui.ask('First.');
    await ui.answered();
    ui.expectComplaint(/ERR_INTERNET_DISCONNECTED|Failed to load/);
    await ui.page.context().setOffline(true);
    await ui.page.getByText('You are offline. What you write is kept here.').waitFor();
    await ui.ask('Are you there?');
    await ui.page.getByText('You are offline. Try again when you are connected.').waitFor();
    await ui.page.context().setOffline(false);
    await ui.page.getByRole('button', { name: 'Try again' }).click();
    await ui.answer().getByText('You wrote "Are you there?"').waitFor();
    await ui.answered();
    expect(await ui.page.getByRole('article', { name: 'Your question' }).count()).toBe(2);
  });

  it('gives the focus back to what opened a dialog, and answers to the keyboard', async () => {
    await ui.signIn();
    await ui.page.keyboard.press('Control+/');
    await ui.page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await ui.page.keyboard.press('Escape');
    await ui.page.getByRole('dialog').waitFor({ state: 'detached' });
    await ui.page.waitForFunction(`document.activeElement?.id === 'composer'`);
    await ui.page.keyboard.press('Control+k');
    await ui.page.waitForFunction(`document.activeElement?.type === 'search'`);
    await ui.page.keyboard.press('Shift+Escape');
    await ui.page.waitForFunction(`document.activeElement?.id === 'composer'`);
  });

  it('fits on a phone: no page is wider than its screen', async () => {
    const phone = await ui.open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await ui.signIn(ui.system.adminEmail, ui.system.adminPassword, phone);
    for (const path of ['/', '/usage', '/keys', '/users', '/settings', '/settings/hints']) {
      await phone.goto(ui.system.url + path);
      await phone.getByRole('heading', { level: 1 }).waitFor();
      expect([path, await phone.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 360]);
    }
    await phone.goto(ui.system.url);
    await phone.getByLabel('Ask anything').fill('Show me code.');
    await phone.keyboard.press('Enter');
    await phone.getByRole('button', { name: 'Answer again' }).waitFor();
    const answer = await phone.getByRole('article', { name: 'Answer' }).boundingBox();
    expect((answer?.x ?? 0) + (answer?.width ?? 0)).toBeLessThanOrEqual(360);
    await phone.getByRole('button', { name: 'Conversations' }).click();
    await phone.getByRole('searchbox').waitFor();
  });

  it('is an app that can be installed', async () => {
    const manifest = (await (await fetch(`${ui.system.url}/manifest.webmanifest`)).json()) as {
      icons: { src: string; type: string }[];
    };
    for (const { src, type } of manifest.icons) {
      const icon = await fetch(ui.system.url + src);
      expect([src, icon.status, icon.headers.get('content-type')?.split(';')[0]]).toEqual([src, 200, type]);
    }
  });
}
