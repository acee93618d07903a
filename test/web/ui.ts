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
  /** On the page of the test, as the admin, unless somebody else is named. */
  signIn(email?: string, password?: string, on?: Page): Promise<void>;
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
      const opened = await context.newPage();
      opened.on('pageerror', (error) => complaints.push(error.message));
      opened.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      return opened;
    };

    beforeAll(async () => {
      [system, browser] = await Promise.all([startSystem({ env }), startBrowser()]);
    }, 90_000);
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
        await on.goto(system.url);
        await on.getByLabel('E-mail').fill(email);
        await on.getByLabel('Password').fill(password);
        await on.getByRole('button', { name: 'Sign in' }).click();
        await on.getByLabel('Ask anything').waitFor();
      },
      ask: async (question) => {
        await page.getByLabel('Ask anything').fill(question);
        await page.keyboard.press('Enter');
      },
      answered: () => page.getByRole('button', { name: 'Answer again' }).last().waitFor(),
      answer: () => page.getByRole('article', { name: 'Answer' }),
      expectComplaint: (about) => expected.push(about),
    });
  });
}
