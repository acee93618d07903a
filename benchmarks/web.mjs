// How fast the web UI is, in Chromium against the built system: what it loads, when it is painted, how it keeps up with an
// answer. Usage: npm run bench:web -- [--write docs/performance.md]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { fillHistory } from './lib/chat-history.mjs';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';

const require = createRequire(import.meta.url);
const built = (path) => require(join(ROOT, 'dist', path));
const { startSystem } = built('libs/testing/src/system.js');
const { startBrowser } = built('libs/testing/src/browser.js');

const { values } = parseArgs({ options: { write: { type: 'string' } } });
const CPU_SLOWDOWN = 4;
const MESSAGES = 1_000;
const ANSWERS = 5;
/** Six seconds of answer, and a key every 60 ms meanwhile: 200 words a minute. */
const ANSWER_TOKENS = 1_200;
const KEYS = 70;
const KEY_EVERY_MS = 60;

const rows = [];
const system = await startSystem({
  env: { VLLM_SIM_TOKENS_PER_SECOND: '200', VLLM_SIM_ANSWER_TOKENS: String(ANSWER_TOKENS) },
});
const browser = await startBrowser();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const { adminEmail: email, adminPassword: password, url } = system;
  const { user } = await (await context.request.post(`${url}/api/auth/login`, { data: { email, password } })).json();
  await initialScript(context);
  await firstPaint(context);
  await longConversation(context, user.id);
  await streaming(context);
} finally {
  await browser.close();
  await system.stop();
}
const table = ['| what | measured | bar |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
  '\n',
);
console.log(table);
if (values.write !== undefined) await writeBetween(values.write, 'web', `${await measuredOn()}\n\n${table}`);

/** Scripts that the chat needs before it can be used, as they travel. */
async function initialScript(context) {
  const page = await context.newPage();
  const files = new Set();
  page.on('response', (answer) => {
    if (answer.url().endsWith('.js')) files.add(new URL(answer.url()).pathname);
  });
  await page.goto(system.url);
  await page.getByLabel('Ask anything').waitFor();
  await page.waitForLoadState('load');
  const bytes = [...files].reduce(
    (sum, file) => sum + gzipSync(readFileSync(join(ROOT, 'dist/web', file)), { level: 9 }).length,
    0,
  );
  rows.push([
    'JavaScript of the chat page, gzip',
    `${(bytes / 1_024).toFixed(0)} KiB in ${files.size} files`,
    '200 KiB',
  ]);
  await page.close();
}

async function firstPaint(context) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    await page.goto(system.url);
    await page.getByLabel('Ask anything').waitFor();
    times.push(
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            let last = 0;
            new PerformanceObserver((list) => (last = list.getEntries().at(-1).startTime)).observe({
              type: 'largest-contentful-paint',
              buffered: true,
            });
            setTimeout(() => resolve(last), 1_000);
          }),
      ),
    );
  }
  rows.push([`LCP, CPU ${CPU_SLOWDOWN}x slower, empty cache`, `${median(times).toFixed(0)} ms`, '1,500 ms']);
  await page.close();
}

/** Types while an answer of 200 tokens a second is written, and sees when its first token was painted. */
async function streaming(context) {
  const firsts = [];
  const keys = [];
  for (let run = 0; run < ANSWERS; run += 1) {
    const { first, delays } = await oneAnswer(context);
    firsts.push(first);
    keys.push(...delays);
  }
  rows.push([
    `first token of ${ANSWERS} answers: from arrival to the end of its frame, median (longest)`,
    `${median(firsts).toFixed(0)} ms (${Math.max(...firsts).toFixed(0)} ms)`,
    '50 ms',
  ]);
  rows.push([
    `typing at 200 words a minute while 200 tokens/s arrive: ${keys.length} keys, from the key to the end of its frame, median, p99 (longest)`,
    `${median(keys).toFixed(0)}, ${percentile(keys, 0.99).toFixed(0)} ms (${Math.max(...keys).toFixed(0)} ms)`,
    '50 ms',
  ]);
}

async function oneAnswer(context) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    // A task of its own, queued while the frame is made: it runs when the frame has left the page for the compositor.
    // (The Event Timing API would tell the same, but a Chromium without a screen tells of its frames late or not at all.)
    const afterThisFrame = (then) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then(performance.now());
      port2.postMessage(null);
    };
    // When the first chunk of the answer has arrived, and when the frame that shows it is over.
    const original = window.fetch;
    window.fetch = async (...given) => {
      const answer = await original(...given);
      if (!answer.url.endsWith('/api/chat')) return answer;
      const [mine, theirs] = answer.body.tee();
      void (async () => {
        const decoder = new TextDecoder();
        for await (const bytes of mine)
          if (decoder.decode(bytes, { stream: true }).includes('"content":"')) {
            window.arrivedAt ??= performance.now();
          }
      })();
      return new Response(theirs, answer);
    };
    new MutationObserver(() => {
      if (window.paintedAt !== undefined || !document.querySelector('[data-testid=live-answer] [aria-label=Answer]'))
        return;
      window.paintedAt = -1;
      // Answers are put into the page in an animation frame's callback: what is made now is that frame.
      afterThisFrame((at) => (window.paintedAt = at));
    }).observe(document, { childList: true, subtree: true });
    window.keyDelays = [];
    addEventListener(
      'keydown',
      ({ timeStamp }) => {
        if (window.arrivedAt !== undefined && document.querySelector('[data-testid=live-answer]') !== null)
          requestAnimationFrame(() => afterThisFrame((at) => window.keyDelays.push(at - timeStamp)));
      },
      { capture: true },
    );
  });
  await page.goto(system.url);
  // At the pace of a fast typist: what is loaded meanwhile is loaded for everybody.
  await page.getByLabel('Ask anything').pressSequentially('Write a long answer.', { delay: KEY_EVERY_MS });
  await page.keyboard.press('Enter');
  await page.getByRole('article', { name: 'Answer' }).waitFor();
  for (let key = 0; key < KEYS; key += 1) await page.keyboard.press('a', { delay: KEY_EVERY_MS });
  const seen = await page.evaluate(() => ({
    first: window.paintedAt - window.arrivedAt,
    delays: window.keyDelays,
  }));
  await page.close();
  return seen;
}

/** In the page: resolves when it has had nothing to do for a while, what it loads late included. */
async function calm() {
  for (let idle = 0; idle < 20;) {
    const left = await new Promise((resolve) => requestIdleCallback((deadline) => resolve(deadline.timeRemaining())));
    idle = left > 40 ? idle + 1 : 0;
  }
}

/** Scrolls through a long conversation and counts the frames. */
async function longConversation(context, ownerId) {
  const { Client } = require('pg');
  const client = new Client({ connectionString: system.postgres.url });
  await client.connect();
  const size = { conversations: 1, messages: 10, opened: MESSAGES };
  const opened = await fillHistory(client, built, ownerId, size, () => undefined);
  await client.end();
  const page = await context.newPage();
  await page.goto(`${system.url}/c/${opened}`);
  await page.getByRole('article').first().waitFor();
  await page.waitForLoadState('load');
  await page.evaluate(calm);
  const gaps = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const scroller = [...document.querySelectorAll('div')].find(
          (one) => one.scrollHeight > one.clientHeight * 3 && getComputedStyle(one).overflowY === 'auto',
        );
        const gaps = [];
        let before = performance.now();
        const step = (now) => {
          gaps.push(now - before);
          before = now;
          scroller.scrollTop -= 60;
          if (gaps.length < 240) requestAnimationFrame(step);
          else resolve(gaps.slice(1));
        };
        requestAnimationFrame(step);
      }),
  );
  const fps = 1_000 / (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
  const late = gaps.filter((gap) => gap > 25).length;
  rows.push([
    `scrolling through ${MESSAGES} messages`,
    `${fps.toFixed(0)} frames/s, ${late} of ${gaps.length} late`,
    '60 frames/s',
  ]);
  await page.close();
}

function median(numbers) {
  return percentile(numbers, 0.5);
}

function percentile(numbers, share) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)];
}
