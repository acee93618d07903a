import AxeBuilder from '@axe-core/playwright';
import { chromiumPath, startBrowser } from '#testing/browser';
import { startSystem, type TestSystem } from '#testing/system';
import OpenAI from 'openai';
import type { Browser, BrowserContext, Page } from 'playwright-core';

if (chromiumPath === undefined)
  process.stderr.write('Chromium was not found (set CHROMIUM to its path): the web UI is NOT tested in a browser\n');

(chromiumPath === undefined ? describe.skip : describe)('the web UI in Chromium', () => {
  let system: TestSystem;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the page complained about: scripts that failed, content that the policy stopped. */
  let complaints: string[];

  beforeAll(async () => {
    [system, browser] = await Promise.all([startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '60' } }), startBrowser()]);
  }, 90_000);
  afterAll(async () => {
    await browser.close();
    await system.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ locale: 'en-US' });
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // The first question of a fresh page, whether somebody is signed in, is answered 401.
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  async function signIn(email = system.adminEmail, password = system.adminPassword, on = page): Promise<void> {
    await on.goto(system.url);
    await on.getByLabel('E-mail').fill(email);
    await on.getByLabel('Password').fill(password);
    await on.getByRole('button', { name: 'Sign in' }).click();
    await on.getByLabel('Ask anything').waitFor();
  }

  async function ask(question: string): Promise<void> {
    await page.getByLabel('Ask anything').fill(question);
    await page.keyboard.press('Enter');
  }

  const answer = () => page.getByRole('article', { name: 'Answer' });
  const answered = (): Promise<void> => page.getByRole('button', { name: 'Answer again' }).last().waitFor();

  it('signs in, chats to the last token, and says how fast that was', async () => {
    await signIn();
    await ask('What is a tandem?');
    await answered();
    expect(await answer().textContent()).toMatch(/You wrote "What is a tandem\?".*first word.*\d+ tokens.*tokens\/s/s);
    await page.getByRole('complementary').getByRole('link').waitFor();
  });

  it('refuses a wrong password with a reason', async () => {
    await page.goto(system.url);
    await page.getByLabel('E-mail').fill(system.adminEmail);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('do not belong together').waitFor();
  });

  it('edits a question into a branch, and goes back to the first one', async () => {
    await signIn();
    await ask('first wording');
    await answered();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Edit' }).fill('second wording');
    await page.getByRole('button', { name: 'Send' }).first().click();
    await page.getByText('2/2').waitFor();
    await answer().getByText('You wrote "second wording"').waitFor();
    await answered();
    await page.getByLabel('Previous version').click();
    await answer().getByText('You wrote "first wording"').waitFor();
  });

  it('stops an answer and keeps what there is', async () => {
    await signIn();
    await ask('Stop me.');
    await answer().getByText('[simulated]').waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('Stopped.').waitFor();
  });

  it('finds an answer again that was being written when the page was reloaded', async () => {
    await signIn();
    await ask('Reload in the middle.');
    await answer().getByText('[simulated]').waitFor();
    await page.reload();
    await page.getByRole('article', { name: 'Your question' }).getByText('Reload in the middle.').waitFor();
    await answer().getByText('[simulated]').waitFor();
  });

  it('does not send while an input method composes', async () => {
    await signIn();
    const input = page.getByLabel('Ask anything');
    await input.focus();
    const session = await context.newCDPSession(page);
    await session.send('Input.imeSetComposition', { text: '하', selectionStart: 1, selectionEnd: 1 });
    await session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: 'Process' });
    expect(await page.getByRole('article').count()).toBe(0);
    await session.send('Input.insertText', { text: '하늘' });
    await page.keyboard.press('Enter');
    await answered();
    expect(await page.getByRole('article', { name: 'Your question' }).textContent()).toContain('하늘');
  });

  it('makes a key that the openai package can use', async () => {
    await signIn();
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('made in a browser');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const apiKey = await page.getByTestId('new-key').textContent();
    const client = new OpenAI({ baseURL: `${system.url}/v1`, apiKey: apiKey?.trim() ?? '' });
    const { usage } = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'hello' }],
      max_completion_tokens: 2,
    });
    expect(usage?.completion_tokens).toBe(2);
  });

  it('throws out a user who is disabled', async () => {
    await signIn();
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('E-mail').fill('guest@example.org');
    await page.getByLabel('Password').fill('a long password');
    await page.getByRole('button', { name: 'Make the user' }).click();
    await page.getByText('guest@example.org').waitFor();

    const guest = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn('guest@example.org', 'a long password', guest);
    await page.getByRole('button', { name: 'Disable guest@example.org' }).click();
    await page.getByText('· disabled').waitFor();
    await guest.getByLabel('Ask anything').fill('Am I still here?');
    await guest.keyboard.press('Enter');
    await guest.getByRole('heading', { name: 'Sign in to Tandem' }).waitFor();
    await guest.context().close();
  });

  it.each(['light', 'dark'])('is accessible on every page, %s, by axe', async (theme) => {
    await signIn();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Theme').selectOption(theme);
    for (const name of ['Settings', 'Keys', 'Users', 'Chat']) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.waitForLoadState('networkidle');
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze();
      expect([name, violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])]).toEqual([name, []]);
    }
  });

  it('speaks Korean, and is dark, when its reader chooses so', async () => {
    await signIn();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Theme').selectOption('dark');
    await page.getByLabel('Language').selectOption('ko');
    await page.getByRole('heading', { name: '설정' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '설정' }).waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.locator('html').getAttribute('lang')).toBe('ko');
  });
});
