// Pictures of each page in both themes. Usage: npm run screenshots -- [--out docs/images] [--only chat,usage] [--at JSON]
// (`--at`: a showcase that runs already, as showcase.mjs prints it.)
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, startShowcase } from './showcase.mjs';

const { startBrowser } = createRequire(import.meta.url)(join(ROOT, 'dist/libs/testing/src/browser.js'));

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'docs', 'images') },
    only: { type: 'string' },
    at: { type: 'string' },
  },
});

const DESKTOP = { width: 1280, height: 800 };
const TRIES = 5;
const SHOWN = { timeout: 15_000 };
const PHONE = { width: 390, height: 844 };
/** WebP keeps text sharp at a fifth of PNG's size. */
const QUALITY = 82;

const PAGES = [
  { name: 'sign-in', path: '/', signedOut: true },
  { name: 'chat', path: ({ conversations }) => `/c/${conversations.at(-1)}`, ready: 'table' },
  { name: 'chat-new', path: '/' },
  { name: 'chat-options', path: ({ conversations }) => `/c/${conversations.at(-1)}`, act: openOptions },
  { name: 'chat-models', path: '/', act: openModels },
  { name: 'models', path: '/models' },
  { name: 'profile', path: '/models/profiles/r1-distill-qwen-14b' },
  { name: 'hardware', path: '/models/hardware', ready: 'canvas' },
  { name: 'usage', path: '/usage' },
  { name: 'usage-users', path: '/usage?by=user' },
  { name: 'usage-requests', path: '/usage?show=requests' },
  { name: 'keys', path: '/keys' },
  { name: 'key-new', path: '/keys', act: (page) => page.getByRole('button', { name: 'New key' }).click() },
  { name: 'users', path: '/users' },
  { name: 'settings', path: '/settings' },
  { name: 'hints', path: '/settings/hints' },
  { name: 'phone-chat', path: ({ conversations }) => `/c/${conversations.at(-1)}`, phone: true, ready: 'table' },
  {
    name: 'phone-history',
    path: '/',
    phone: true,
    act: (page) => page.getByRole('button', { name: 'Conversations' }).click(),
  },
  { name: 'phone-usage', path: '/usage', phone: true },
  { name: 'phone-models', path: '/models', phone: true },
  { name: 'phone-users', path: '/users', phone: true },
  { name: 'korean', path: ({ conversations }) => `/c/${conversations[0]}`, locale: 'ko-KR' },
];

const showcase = values.at === undefined ? await startShowcase() : JSON.parse(values.at);
const browser = await startBrowser();
try {
  mkdirSync(values.out, { recursive: true });
  const wanted = values.only?.split(',') ?? PAGES.map(({ name }) => name);
  for (const theme of ['light', 'dark'])
    for (const page of PAGES.filter(({ name }) => wanted.includes(name))) await shootSurely(page, theme);
} finally {
  await browser.close();
  await showcase.stop?.();
}

/** Chromium drops what it is loading when the network of the machine changes (a container starts): once more, then. */
async function shootSurely(page, theme) {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await shoot(page, theme);
    } catch (error) {
      if (left === 0) throw error;
      console.log(`${page.name}-${theme}: ${error.message.split('\n', 1)[0].slice(0, 100)}; once more`);
    }
  }
}

async function shoot({ name, path, phone, locale = 'en-US', signedOut, ready, act }, theme) {
  const context = await browser.newContext({
    viewport: phone ? PHONE : DESKTOP,
    deviceScaleFactor: phone ? 2 : 1.5,
    colorScheme: theme,
    reducedMotion: 'reduce',
    locale,
  });
  try {
    const page = await context.newPage();
    const missing = [];
    page.on('requestfailed', (request) => {
      if (/\.(css|js)$/.test(request.url())) missing.push(`${request.url()}: ${request.failure()?.errorText}`);
    });
    page.on('response', (answer) => {
      if (/\.(css|js)$/.test(answer.url()) && !answer.ok()) missing.push(`${answer.url()}: ${answer.status()}`);
    });
    if (!signedOut) await signIn(context);
    await page.goto(showcase.url + (typeof path === 'function' ? path(showcase) : path));
    await page
      .locator(signedOut ? 'form' : 'main h1')
      .first()
      .waitFor(SHOWN);
    if (ready !== undefined) await page.locator(ready).first().waitFor(SHOWN);
    await act?.(page);
    await settled(page);
    if (missing.length > 0) throw new Error(`${name}, ${theme}: ${missing.join(', ')}`);
    writeFileSync(join(values.out, `${name}-${theme}.webp`), await webp(context, await page.screenshot()));
    console.log(`${name}-${theme}.webp`);
  } finally {
    await context.close();
  }
}

/** Signed in by the API: the cookie is all that the page needs. */
async function signIn(context) {
  const { adminEmail: email, adminPassword: password, url } = showcase;
  const answer = await context.request.post(`${url}/api/auth/login`, { data: { email, password } });
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()}`);
}

/** Fonts are there and nothing has changed for a moment. */
async function settled(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((resolve) => {
      let timer = setTimeout(resolve, 400);
      new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(resolve, 400);
      }).observe(document, { subtree: true, childList: true, attributes: true });
      setTimeout(resolve, 5_000);
    });
  });
}

/** Chromium itself is the encoder. */
async function webp(context, png) {
  const page = await context.newPage();
  const data = await page.evaluate(
    async ([base64, quality]) => {
      const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      canvas.getContext('2d').drawImage(picture, 0, 0);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality })).arrayBuffer());
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    },
    [png.toString('base64'), QUALITY / 100],
  );
  return Buffer.from(data, 'base64');
}

async function openOptions(page) {
  await page.getByRole('button', { name: /System prompt and parameters/ }).click();
}

async function openModels(page) {
  await page.getByRole('combobox', { name: 'Model' }).click();
}
