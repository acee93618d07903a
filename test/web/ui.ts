import AxeBuilder from '@axe-core/playwright';
import { chromiumPath, startBrowser } from '#testing/browser';
import { startSystem, type TestSystem } from '#testing/system';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';

if (chromiumPath === undefined)
  process.stderr.write('Chromium was not found (set CHROMIUM to its path): the web UI is NOT tested in a browser\n');

/** The running system, and a fresh browser profile for each test. */
export interface Ui {
  readonly system: TestSystem;
  readonly browser: Browser;
  readonly page: Page;
  /** Another profile, as another person has it; it is closed with the test. */
  open(options: BrowserContextOptions): Promise<Page>;
  /** On the page of the test, as the admin, unless somebody else is named; by the API, which is faster than the form. */
  signIn(email?: string, password?: string, on?: Page): Promise<void>;
  signInByForm(email?: string, password?: string): Promise<void>;
  /** The JSON that a route answers to the admin. */
  api<T>(path: string, method?: string, body?: unknown): Promise<T>;
  ask(question: string): Promise<void>;
  /** The last answer is complete. */
  answered(): Promise<void>;
  answer(): Locator;
  /** What went wrong on purpose: the browser complains of it, and the test does not. */
  expectComplaint(about: RegExp): void;
}

/** Specs of the UI against the whole running system, in a real Chromium; skipped, loudly, where there is none. */
export function describeUi(name: string, env: Readonly<Record<string, string>>, specs: (ui: Ui) => void): void {
  (chromiumPath === undefined ? describe.skip : describe)(name, () => {
    let system: TestSystem;
    let browser: Browser;
    let page: Page;
    const contexts: BrowserContext[] = [];
    /** What the page complained about: scripts that failed, content that the policy stopped. */
    let complaints: string[] = [];
    let expected: RegExp[] = [];

    const open = async (options: BrowserContextOptions): Promise<Page> => {
      const context = await browser.newContext({ locale: 'en-US', ...options });
      contexts.push(context);
      // For a machine that does other things too.
      context.setDefaultTimeout(60_000);
      const opened = await context.newPage();
      opened.on('pageerror', (error) => complaints.push(error.message));
      opened.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      return opened;
    };

    beforeAll(async () => {
      [system, browser] = await Promise.all([startSystem({ env }), startBrowser()]);
    });
    afterAll(async () => {
      await browser.close();
      await system.stop();
    });
    beforeEach(async () => {
      complaints = [];
      // The first question of a fresh page, whether somebody is signed in, is answered 401.
      expected = [/401/];
      page = await open({});
    });
    afterEach(async () => {
      for (const context of contexts.splice(0)) await context.close();
      expect(complaints.filter((one) => !expected.some((about) => about.test(one)))).toEqual([]);
    });

    specs({
      get system() {
        return system;
      },
      get browser() {
        return browser;
      },
      get page() {
        return page;
      },
      open,
      signIn: async (email = system.adminEmail, password = system.adminPassword, on = page) => {
        await signInByApi(on, system.url, email, password);
        await on.goto(system.url);
        await on.getByLabel('Ask anything').waitFor();
      },
      signInByForm: async (email = system.adminEmail, password = system.adminPassword) => {
        await page.goto(system.url);
        await page.getByLabel('E-mail').fill(email);
        await page.getByLabel('Password', { exact: true }).fill(password);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByLabel('Ask anything').waitFor();
      },
      api: async <T>(path: string, method = 'GET', body?: unknown): Promise<T> => {
        const answer = await fetch(system.url + path, {
          method,
          headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        expect([path, answer.ok]).toEqual([path, true]);
        return (await answer.json()) as T;
      },
      ask: async (question) => {
        await page.getByLabel('Ask anything').fill(question);
        await page.keyboard.press('Enter');
      },
      answered: async () => {
        try {
          await page.getByRole('button', { name: 'Answer again' }).last().waitFor();
        } catch (error) {
          // An answer that failed says why, and that is what the reader of the failure has to know.
          throw new Error(`no answer is complete; the page says: ${await page.innerText('body')}`, { cause: error });
        }
      },
      answer: () => page.getByRole('article', { name: 'Answer' }),
      expectComplaint: (about) => expected.push(about),
    });
  });
}

/** The refresh cookie is all that a page needs. */
export async function signInByApi(page: Page, url: string, email: string, password: string): Promise<void> {
  const answer = await page.request.post(`${url}/api/auth/login`, { data: { email, password } });
  expect(answer.status()).toBe(200);
}

/** No violation of WCAG 2.2 A and AA that axe can find. @param name of what is looked at, for who reads the failure; @param within a part of the page */
export async function expectAccessible(page: Page, name: string, within = 'html'): Promise<void> {
  await coloursHaveSettled(page);
  await expectNoViolation(new AxeBuilder({ page }).include(within).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']), name);
}

/** What a theme can break: the one rule about colours, which is a tenth of the work of all. */
export async function expectContrast(page: Page, name: string): Promise<void> {
  await coloursHaveSettled(page);
  await expectNoViolation(new AxeBuilder({ page }).withRules('color-contrast'), name);
}

/** On the way from one theme to the other a button has neither's contrast. */
async function coloursHaveSettled(page: Page): Promise<void> {
  await page.evaluate(`Promise.allSettled(
    document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished),
  ).then(() => null)`);
}

async function expectNoViolation(axe: AxeBuilder, name: string): Promise<void> {
  const { violations } = await axe.analyze();
  expect([name, violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])]).toEqual([name, []]);
}
