import OpenAI from 'openai';
import type { Page, Route } from 'playwright-core';
import { eventually } from '#testing/eventually';
import { expectAccessible, expectContrast, signInByApi, type Ui } from './ui';

/** What is stored of a conversation. */
const MESSAGES = /\/api\/conversations\/[^/]+\/messages/;

/** The page's answers go on for a minute, if nobody ends them: a short one may be over before a slow machine has clicked. */
const writesLong = (page: Page): Promise<unknown> =>
  page.route('**/api/chat', (route) =>
    route.continue({ postData: { ...(route.request().postDataJSON() as object), minTokens: 3_600 } }),
  );

/** The chat itself, and what every page has to be. */
export function chatSpecs(ui: Ui): void {
  it('signs in, chats to the last token, and says how fast that was', async () => {
    await ui.signInByForm();
    await ui.ask('What is a tandem?');
    await ui.answered();
    await eventually(async () => {
      expect(await ui.answer().textContent()).toMatch(
        /You wrote "What is a tandem\?".*first word.*\d+ tokens.*tokens\/s/s,
      );
      return true;
    });
    await ui.page.getByRole('complementary').getByRole('link').waitFor();
  });

  it('refuses a wrong password with a reason', async () => {
    await ui.page.goto(ui.system.url);
    await ui.page.getByLabel('E-mail').fill(ui.system.adminEmail);
    await ui.page.getByLabel('Password', { exact: true }).fill('wrong');
    await ui.page.getByRole('button', { name: 'Sign in' }).click();
    await ui.page.getByRole('alert').getByText('do not belong together').waitFor();
  });

  it('edits a question into a branch, and goes back to the first one', async () => {
    await ui.signIn();
    await ui.ask('first wording');
    await ui.answered();
    await ui.page.getByRole('button', { name: 'Edit' }).click();
    await ui.page.getByRole('textbox', { name: 'Edit' }).fill('second wording');
    await ui.page.getByRole('button', { name: 'Send' }).first().click();
    await ui.page.getByText('2/2').waitFor();
    await ui.answer().getByText('You wrote "second wording"').waitFor();
    await ui.answered();
    await ui.page.getByLabel('Previous version').click();
    await ui.answer().getByText('You wrote "first wording"').waitFor();
  });

  it('stops an answer and keeps what there is', async () => {
    await ui.signIn();
    await writesLong(ui.page);
    await ui.ask('Stop me.');
    await ui.answer().getByText('[simulated]').waitFor();
    await ui.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await ui.page.getByText('Stopped.').waitFor();
  });

  it('shows a short answer that is over before the page has read what is stored', async () => {
    await ui.signIn();
    // Who looks before the question is stored finds nothing, and on a slow line hears of it only after the answer.
    const emptyIfEarly = async (route: Route): Promise<void> => {
      const answered = async (): Promise<boolean> => {
        const path = new URL(route.request().url()).pathname;
        const { items } = await ui.api<{ items: { answer: { state: string } | null }[] }>(path);
        return items.some(({ answer }) => answer?.state === 'complete');
      };
      if (await answered()) return route.continue();
      await eventually(answered);
      await route.fulfill({ json: { items: [], nextCursor: null } });
    };
    await ui.page.route(MESSAGES, emptyIfEarly, { times: 1 });
    await ui.ask('Shortly, please.');
    await ui.answered();
    await ui.answer().getByText('You wrote "Shortly, please."').waitFor();
  });

  it('keeps an answer in view when what is stored cannot be fetched, until it can', async () => {
    ui.expectComplaint(/ERR_FAILED/);
    await ui.signIn();
    let attempts = 0;
    await ui.page.route(MESSAGES, async (route) => {
      await route.abort();
      attempts += 1;
    });
    await ui.ask('Stay, please.');
    // It is tried twice more before the page gives up.
    await eventually(() => attempts === 3);
    await ui.page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    expect(await ui.answer().textContent()).toContain('You wrote "Stay, please."');
    await ui.page.unroute(MESSAGES);
    await ui.page.evaluate(`dispatchEvent(new Event('visibilitychange'))`);
    await ui.answered();
  });

  it('finds an answer again that was being written when the page was reloaded', async () => {
    await ui.signIn();
    await writesLong(ui.page);
    await ui.ask('Reload in the middle.');
    await ui.answer().getByText('[simulated]').waitFor();
    await ui.page.reload();
    await ui.page.getByRole('article', { name: 'Your question' }).getByText('Reload in the middle.').waitFor();
    await ui.answer().getByText('[simulated]').waitFor();
  });

  it('does not send while an input method composes', async () => {
    await ui.signIn();
    const input = ui.page.getByLabel('Ask anything');
    await input.focus();
    const session = await ui.page.context().newCDPSession(ui.page);
    await session.send('Input.imeSetComposition', { text: '하', selectionStart: 1, selectionEnd: 1 });
    await session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: 'Process' });
    expect(await ui.page.getByRole('article').count()).toBe(0);
    await session.send('Input.insertText', { text: '하늘' });
    await ui.page.keyboard.press('Enter');
    await ui.answered();
    expect(await ui.page.getByRole('article', { name: 'Your question' }).textContent()).toContain('하늘');
  });

  it('makes a key that the openai package can use', async () => {
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Keys' }).click();
    await ui.page.getByRole('button', { name: 'New key' }).click();
    await ui.page.getByLabel('Name').fill('made in a browser');
    await ui.page.getByRole('button', { name: 'Make the key' }).click();
    const apiKey = await ui.page.getByTestId('secret').textContent();
    const client = new OpenAI({ baseURL: `${ui.system.url}/v1`, apiKey: apiKey?.trim() ?? '' });
    const { usage } = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'hello' }],
      max_completion_tokens: 2,
    });
    expect(usage?.completion_tokens).toBe(2);
  });

  it('throws out a user who is disabled', async () => {
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Users' }).click();
    await ui.page.getByRole('button', { name: 'New user' }).click();
    await ui.page.getByLabel('E-mail').fill('guest@example.org');
    await ui.page.getByLabel('Password', { exact: true }).fill('a long password');
    await ui.page.getByRole('button', { name: 'Make the user' }).click();
    await ui.page.getByRole('button', { name: 'Done' }).click();
    await ui.page.getByText('guest@example.org').waitFor();

    const guest = await (await ui.browser.newContext({ locale: 'en-US' })).newPage();
    await ui.signIn('guest@example.org', 'a long password', guest);
    await ui.page.getByRole('button', { name: 'Disable guest@example.org' }).click();
    await ui.page.getByText('· disabled').waitFor();
    await guest.getByLabel('Ask anything').fill('Am I still here?');
    await guest.keyboard.press('Enter');
    await guest.getByRole('heading', { name: 'Sign in to Tandem' }).waitFor();
    await guest.context().close();
  });

  it('is accessible on every page, in both themes, by axe', async () => {
    await ui.signIn();
    await ui.page.getByRole('link', { name: 'Settings' }).click();
    for (const name of ['Settings', 'Usage', 'Keys', 'Users', 'Chat']) {
      await ui.page.getByRole('link', { name, exact: true }).click();
      await ui.page.waitForLoadState('networkidle');
      await ui.page.emulateMedia({ colorScheme: 'light' });
      await expectAccessible(ui.page, name);
      await ui.page.emulateMedia({ colorScheme: 'dark' });
      await expectContrast(ui.page, `${name}, dark`);
    }
  });

  it('speaks Korean, and is dark, when its reader chooses so; Korean in their other browsers too', async () => {
    const [email, password] = ['hana@example.org', 'a long password'];
    await ui.api('/api/users', 'POST', { email, password });
    await ui.signIn(email, password);
    await ui.page.getByRole('link', { name: 'Settings' }).click();
    await ui.page.getByLabel('Theme').selectOption('dark');
    await ui.page.getByLabel('Language').selectOption('ko');
    await ui.page.getByRole('heading', { name: '설정' }).waitFor();
    await ui.page.reload();
    await ui.page.getByRole('heading', { name: '설정' }).waitFor();
    expect(await ui.page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await ui.page.locator('html').getAttribute('lang')).toBe('ko');
    const other = await ui.open({});
    await signInByApi(other, ui.system.url, email, password);
    await other.goto(`${ui.system.url}/settings`);
    await other.getByRole('heading', { name: '설정' }).waitFor();
  });
}
