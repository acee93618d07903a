import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumPath, startBrowser } from '#testing/browser';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { expectAccessible, expectContrast, signInByApi } from './ui';

/** Each page, and what is there once it is loaded. */
const PAGES = [
  { path: '', name: 'Profiles', shown: '[role=img]' },
  { path: '/switches', name: 'Switches', shown: ':is(ol, p)' },
  { path: '/benchmarks', name: 'Benchmarks', shown: 'button' },
  { path: '/log', name: 'Engine log', shown: '[role=region]' },
  { path: '/hardware', name: 'Hardware', shown: 'canvas' },
];
/** The name of what has the focus. */
const FOCUSED = `document.activeElement?.getAttribute('aria-label')`;
/** A switch of the simulator takes seconds; the machine may be busy. */
const SWITCHED = { timeout: 60_000 };
const FAULTS = { 'runs-out-of-memory': 'oom-load', 'never-ready': 'stuck-load' };

/** The profiles that ship, and some that fail in one way each. */
function profilesThatFail(): { folder: string; modelFaults: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
  cpSync(join(__dirname, '../../profiles'), folder, { recursive: true });
  for (const name of Object.keys(FAULTS)) {
    const settings = ['maxModelLen: 4096', 'gpuMemoryUtilization: 0.9', 'tensorParallelSize: 2', 'gpus: [0, 1]'];
    const engine = [`model: test/${name}`, ...settings].join('\n    ');
    writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\ntitle: ${name}\nengines:\n  - ${engine}\n`);
  }
  const modelFaults = Object.entries(FAULTS).map(([name, fault]) => `test/${name}=${fault}`);
  return { folder, modelFaults: modelFaults.join(';') };
}

(chromiumPath === undefined ? describe.skip : describe)('the pages about models in Chromium', () => {
  const { folder, modelFaults } = profilesThatFail();
  let system: TestSystem;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the pages complained about: scripts that failed, content that the policy stopped. */
  let complaints: string[];

  beforeAll(async () => {
    const env = {
      PROFILES_DIR: folder,
      VLLM_SIM_TOKENS_PER_SECOND: '30',
      VLLM_SIM_LOAD_SECONDS: '1',
      VLLM_SIM_MODEL_FAULTS: modelFaults,
    };
    system = await startSystem({ env });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    context = await browser.newContext({ locale: 'en-US' });
    context.setDefaultTimeout(60_000);
    complaints = [];
    page = await newPage();
    await signIn();
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  async function newPage(): Promise<Page> {
    const fresh = await context.newPage();
    fresh.on('pageerror', (error) => complaints.push(error.message));
    fresh.on('console', (message) => {
      // The first question of a fresh page, whether somebody is signed in, is answered 401.
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    return fresh;
  }

  async function signIn(email = system.adminEmail, password = system.adminPassword, on = page): Promise<void> {
    await signInByApi(on, system.url, email, password);
    await on.goto(`${system.url}/models`);
    await on.getByRole('heading', { name: 'Models' }).waitFor();
  }

  const widthOf = async (what: Locator): Promise<number> => (await what.boundingBox())?.width ?? 0;
  const tab = (name: string): Promise<void> =>
    page.getByRole('navigation', { name: 'Models' }).getByRole('link', { name }).click();
  const card = (title: string): Locator =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

  async function switchTo(title: string): Promise<void> {
    await page.getByRole('button', { name: `Switch to ${title}`, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch' }).click();
    await page.getByRole('region', { name: 'Switching' }).waitFor();
  }

  it('shows each profile with whether it fits, and where the memory of each GPU goes', async () => {
    const inForce = card('DeepSeek R1 Distill Qwen 14B');
    await inForce.getByText('In force').waitFor();
    await inForce.getByText('Fits', { exact: true }).waitFor();
    const all = await inForce.getByRole('img').all();
    const bars = await Promise.all(all.map((bar) => bar.getAttribute('aria-label')));
    expect(bars).toEqual([
      expect.stringMatching(/^GPU 0: Weights 1[34].* GiB, Running .*, KV cache .*, CUDA graphs .*, Free /),
      expect.stringMatching(/^GPU 1: Weights 1[34].* GiB, Running .*, KV cache .*, CUDA graphs .*, Free /),
    ]);
    // The parts are drawn, and fill the bar: their styles pass the content policy.
    const barWidth = await widthOf(inForce.getByRole('img').first());
    const parts = await Promise.all((await inForce.getByRole('img').first().locator('span').all()).map(widthOf));
    expect(parts.length).toBeGreaterThan(4);
    expect(parts.reduce((sum, width) => sum + width, 0) / barWidth).toBeGreaterThan(0.95);
  });

  it('says why a profile would not fit, and tries what would help', async () => {
    await card('DeepSeek R1 Distill Qwen 14B')
      .getByRole('link', { name: /^Details/ })
      .click();
    await page.getByLabel('gpuMemoryUtilization').fill('0.55');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('Does not fit').waitFor();
    await page.getByText(/0\.55 of GPU 0 is 12\.96 GiB, less than the 13\.\d\d GiB of weights/).waitFor();
    await page
      .getByText(/GiB too little/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Try gpuMemoryUtilization: 0\.[67]/ }).click();
    await page.getByText('Fits', { exact: true }).waitFor();
    await page.getByText(/^gpuMemoryUtilization: 0\.[67]\d?$/).waitFor();
    expect(await page.getByLabel('gpuMemoryUtilization').inputValue()).toMatch(/^0\.[67]/);
  });

  it('checks a profile for another host', async () => {
    await page.goto(`${system.url}/models/profiles/r1-distill-qwen-14b`);
    await page.getByLabel('Host').selectOption('other');
    await page.getByLabel('GiB each').fill('12');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('Does not fit').waitFor();
  });

  it('shows the GPUs, what holds their memory, and their charts', async () => {
    await tab('Hardware');
    await page.getByRole('heading', { name: 'GPU 1 NVIDIA GeForce RTX 3090' }).waitFor();
    await page
      .getByRole('row', { name: /VLLM::Worker \d+ Tandem/ })
      .first()
      .waitFor();
    await page.getByRole('row', { name: /gnome-shell \d+ Desktop 156 MiB/ }).waitFor();
    await page.getByRole('img', { name: /^Temperature: GPU 0 \d+ °C, GPU 1 \d+ °C$/ }).waitFor();
    await page.getByText(/PCIe host bridge/).waitFor();
    await eventually(async () => {
      const drawn = await Promise.all((await page.locator('canvas').all()).map(widthOf));
      expect(drawn.map((width) => width > 100)).toEqual([true, true, true, true]);
      return true;
    });
  });

  it("filters the engine's log by words and by level", async () => {
    await tab('Engine log');
    const log = page.getByRole('region', { name: 'Engine log' });
    await log.getByText('Application startup complete.').waitFor();
    await page.getByLabel('Filter').fill('gpu kv CACHE size');
    await log.getByText(/GPU KV cache size: [\d,]+ tokens/).waitFor();
    await log.getByText('Application startup complete.').waitFor({ state: 'detached' });
    await page.getByLabel('Filter').fill('');
    await page.getByLabel('Level').selectOption('errors');
    await page.getByText(/^0 of \d+ lines$/).waitFor();
  });

  it('lets a user look, and not switch', async () => {
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('E-mail').fill('looker@example.org');
    await page.getByLabel('Password', { exact: true }).fill('a long password');
    await page.getByRole('button', { name: 'Make the user' }).click();
    await page.getByText('looker@example.org', { exact: true }).waitFor();
    const other = await browser.newContext({ locale: 'en-US' });
    const guest = await other.newPage();
    await signIn('looker@example.org', 'a long password', guest);
    await guest.getByText('In force').waitFor();
    expect(await guest.getByRole('button', { name: /Switch/ }).count()).toBe(0);
    expect(await guest.getByRole('link', { name: 'Engine log' }).count()).toBe(0);
    await other.close();
  });

  it('rolls back from a model that does not fit after all, and says why and what to do', async () => {
    await switchTo('runs-out-of-memory');
    const result = page.getByRole('alert', { name: 'Result of the switch' });
    await result.waitFor(SWITCHED);
    await result.getByText('Rolled back', { exact: true }).waitFor();
    await result.getByText('Not enough GPU memory to load the model').waitFor();
    await result.getByText('What to do:').waitFor();
    await result
      .getByRole('region', { name: /log/ })
      .getByText(/CUDA out of memory/)
      .waitFor();
    await card('DeepSeek R1 Distill Qwen 14B').getByText('In force').waitFor();
    await tab('Switches');
    await page.getByRole('main').getByText('Why, and what to do').first().waitFor();
  });

  it('cancels a switch, and the model that was in force serves again', async () => {
    await switchTo('never-ready');
    await page
      .getByRole('region', { name: 'Switching' })
      .getByText('Starting the new engine')
      .first()
      .waitFor(SWITCHED);
    await page.getByRole('button', { name: 'Cancel the switch' }).click();
    await page.getByText('Cancelled on the way to never-ready.').waitFor(SWITCHED);
    await card('DeepSeek R1 Distill Qwen 14B').getByText('In force').waitFor();
  });

  it('switches while another tab chats: its answer is finished, and the next question waits and is answered', async () => {
    const chat = await newPage();
    await chat.goto(system.url);
    const ask = async (question: string): Promise<void> => {
      await chat.getByLabel('Ask anything').fill(question);
      await chat.keyboard.press('Enter');
    };
    await ask('Before the switch.');
    await chat.getByRole('article', { name: 'Answer' }).getByText('[simulated]').waitFor();
    await switchTo('Qwen2.5 Coder 7B');
    await chat.getByRole('button', { name: 'Answer again' }).waitFor(SWITCHED);
    await ask('During the switch.');
    await chat.getByText('You wrote "During the switch."').waitFor(SWITCHED);
    await chat.getByRole('button', { name: 'Answer again' }).nth(1).waitFor(SWITCHED);
    await page.getByText('qwen2.5-coder-7b serves now.').waitFor(SWITCHED);
    await card('Qwen2.5 Coder 7B').getByText('In force').waitFor();
    await tab('Switches');
    await page.getByText('Ready', { exact: true }).first().waitFor();
  });

  it('asks before it switches, accessibly, and gives the focus back', async () => {
    const button = page.getByRole('button', { name: 'Switch to never-ready', exact: true });
    await button.click();
    await page.getByRole('dialog').waitFor();
    await expectAccessible(page, 'asked before a switch', 'dialog');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(`${FOCUSED} === 'Switch to never-ready'`);
  });

  it('measures by command, shows how far it is, and can be stopped', async () => {
    await tab('Benchmarks');
    const [measure, stop] = ['Measure now', 'Stop measuring'].map((name) => page.getByRole('button', { name }));
    // What is measured by itself after a switch may still run.
    await eventually(
      async () => {
        if (await measure!.isEnabled()) return true;
        await stop!.click({ timeout: 1_000 }).catch(() => undefined);
        return false;
      },
      { timeoutMs: 60_000 },
    );
    await measure!.click();
    await page.getByRole('progressbar').waitFor(SWITCHED);
    await stop!.click();
    await page.getByRole('main').getByText('Stopped', { exact: true }).first().waitFor(SWITCHED);
  });

  it('is accessible on every page, in both themes, by axe', async () => {
    for (const { name, shown } of PAGES) {
      await tab(name);
      await page.getByRole('main').locator(shown).first().waitFor();
      await page.emulateMedia({ colorScheme: 'light' });
      await expectAccessible(page, name);
      await page.emulateMedia({ colorScheme: 'dark' });
      await expectContrast(page, `${name}, dark`);
    }
  });

  it('fits a phone, in Korean', async () => {
    const korean = JSON.stringify({ state: { language: 'ko' }, version: 0 });
    await page.evaluate(`localStorage.setItem('tandem-preferences', '${korean}')`);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${system.url}/models/profiles/r1-distill-qwen-14b`);
    await page.getByLabel('gpuMemoryUtilization').fill('0.55');
    await page.getByRole('button', { name: '확인' }).click();
    await page.getByText(/GPU 0에서 gpuMemoryUtilization 0\.55은\(는\) 12\.96 GiB로/).waitFor();
    for (const { path, shown } of [...PAGES, { path: '/profiles/r1-distill-qwen-14b', shown: 'form' }]) {
      await page.goto(`${system.url}/models${path}`);
      await page.getByRole('heading', { name: '모델', exact: true }).waitFor();
      await page.getByRole('main').locator(shown).first().waitFor();
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 360]);
    }
  });
});
