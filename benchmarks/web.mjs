// How fast the web UI is, in Chromium against the built system: what it loads, when it is painted, how it keeps up with an
// answer. Usage: npm run bench:web -- [--write docs/performance.md]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { fillHistory } from './lib/chat-history.mjs';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { STALL_MS, watchHost, withTheHost } from './lib/host-stalls.mjs';
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

/** Rows of the table, made when it is known what the host did meanwhile. */
const rows = [];
const host = await watchHost();
const browser = await startBrowser();
// Who chats has a machine of their own: what is started from now on, Tandem, stands back for the browser.
setPriority(constants.priority.PRIORITY_LOW);
const system = await startSystem({
  env: { VLLM_SIM_TOKENS_PER_SECOND: '200', VLLM_SIM_ANSWER_TOKENS: String(ANSWER_TOKENS) },
});
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
const stalls = (await host?.stop()) ?? [];
const lines = rows.map(([what, measured, bar]) => `| ${[what, measured(stalls), bar].join(' | ')} |`);
const table = ['| what | measured | bar |', '| --- | --- | --- |', ...lines, hostLine()].join('\n');
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
    () => `${(bytes / 1_024).toFixed(0)} KiB in ${files.size} files`,
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
  rows.push([`LCP, CPU ${CPU_SLOWDOWN}x slower, empty cache`, () => `${median(times).toFixed(0)} ms`, '1,500 ms']);
  await page.close();
}

/**
 * Types while an answer of 200 tokens a second is written, and sees when its first token was painted. In turns with it, and
 * while the same answer is written for another client, types into a page that is empty but for a text area: what is late
 * there was not made late by the page.
 */
async function streaming(context) {
  const firsts = [];
  const keys = [];
  const emptyPage = [];
  const busy = [];
  for (let run = 0; run < ANSWERS; run += 1) {
    const { first, delays, cpuShare } = await oneAnswer(context);
    firsts.push(first);
    keys.push(...delays);
    busy.push(cpuShare);
    emptyPage.push(...(await typedIntoEmptyPage(context)));
  }
  rows.push([
    `first token of ${ANSWERS} answers: from arrival to the end of its frame, median, p99 (longest)`,
    spreadOf(firsts),
    '50 ms',
  ]);
  rows.push([
    `typing at 200 words a minute while 200 tokens/s arrive: ${keys.length} keys, from the key to the end of its frame, median, p99 (longest)`,
    spreadOf(keys),
    '50 ms',
  ]);
  rows.push([
    `processor time of the page's main thread meanwhile, median of ${ANSWERS} answers`,
    () => `${(median(busy) * 100).toFixed(0)} % of a core`,
    '–',
  ]);
  rows.push([`the same keys into an empty page, while another client gets the answer`, spreadOf(emptyPage), '–']);
}

async function typedIntoEmptyPage(context) {
  const leaving = new AbortController();
  const answer = await fetch(`${system.url}/v1/chat/completions`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'default',
      stream: true,
      messages: [{ role: 'user', content: 'Write a long answer.' }],
    }),
  });
  const read = answer.text().catch(() => undefined);
  const page = await context.newPage();
  await page.addInitScript(keyWatch);
  await page.goto('data:text/html,<textarea></textarea>');
  await page.locator('textarea').focus();
  await page.evaluate(() => (window.countsKey = () => true));
  await typeKeys(page);
  const delays = await page.evaluate(() => window.keyDelays);
  await page.close();
  leaving.abort();
  await read;
  return delays;
}

async function typeKeys(page) {
  for (let key = 0; key < KEYS; key += 1) await page.keyboard.press('a', { delay: KEY_EVERY_MS });
}

/** In the page: how long each key takes until the end of the frame that shows it. */
function keyWatch() {
  // A task of its own, queued while the frame is made: it runs when the frame has left the page for the compositor.
  // (The Event Timing API would tell the same, but a Chromium without a screen tells of its frames late or not at all.)
  window.afterThisFrame = (then) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => then(performance.now());
    port2.postMessage(null);
  };
  // Epoch milliseconds, as the watch over the host has them.
  window.between = (from, to) => ({ from: performance.timeOrigin + from, to: performance.timeOrigin + to });
  window.keyDelays = [];
  addEventListener(
    'keydown',
    ({ timeStamp }) => {
      if (window.countsKey?.() === true)
        requestAnimationFrame(() =>
          window.afterThisFrame((at) => window.keyDelays.push(window.between(timeStamp, at))),
        );
    },
    { capture: true },
  );
}

async function oneAnswer(context) {
  const page = await context.newPage();
  await page.addInitScript(keyWatch);
  await page.addInitScript(() => {
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
      window.afterThisFrame((at) => (window.paintedAt = at));
    }).observe(document, { childList: true, subtree: true });
    window.countsKey = () =>
      window.arrivedAt !== undefined && document.querySelector('[data-testid=live-answer]') !== null;
  });
  await page.goto(system.url);
  // At the pace of a fast typist: what is loaded meanwhile is loaded for everybody.
  await page.getByLabel('Ask anything').pressSequentially('Write a long answer.', { delay: KEY_EVERY_MS });
  await page.keyboard.press('Enter');
  await page.getByRole('article', { name: 'Answer' }).waitFor();
  const cpuMs = await cpuOfMainThread(page);
  const begun = performance.now();
  await typeKeys(page);
  const cpuShare = (await cpuMs()) / (performance.now() - begun);
  const seen = await page.evaluate(() => ({
    first: window.between(window.arrivedAt, window.paintedAt),
    delays: window.keyDelays,
  }));
  await page.close();
  return { ...seen, cpuShare };
}

/** @returns how many milliseconds of a processor the page's main thread has had since; not those in which it waited for one. */
async function cpuOfMainThread(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const tasks = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1_000;
  };
  const before = await tasks();
  return async () => (await tasks()) - before;
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
  const gaps = await page.evaluate(scrollUp);
  rows.push([`scrolling through ${MESSAGES} messages`, framesOf(gaps), '60 frames/s']);
  await page.close();
  const plain = await context.newPage();
  const lines = '<p>A line of text.</p>'.repeat(MESSAGES);
  await plain.goto(`data:text/html,<div style="height: 100vh; overflow-y: auto">${lines}</div>`);
  await plain.evaluate(calm);
  rows.push([`the same through ${MESSAGES} lines of plain text`, framesOf(await plain.evaluate(scrollUp)), '–']);
  await plain.close();
}

/** In the page: the times from one frame to the next while it scrolls, epoch milliseconds. */
function scrollUp() {
  return new Promise((resolve) => {
    const scroller = [...document.querySelectorAll('div')].find(
      (one) => one.scrollHeight > one.clientHeight * 3 && getComputedStyle(one).overflowY === 'auto',
    );
    scroller.scrollTop = scroller.scrollHeight;
    const gaps = [];
    let before = performance.now();
    const step = (now) => {
      gaps.push({ from: performance.timeOrigin + before, to: performance.timeOrigin + now });
      before = now;
      scroller.scrollTop -= 60;
      if (gaps.length < 240) requestAnimationFrame(step);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(step);
  });
}

/** In the table: frames a second, those alone that the host took part in. */
function framesOf(gaps) {
  return (stalls) => {
    const { there, away } = withTheHost(gaps, stalls);
    const fps = 1_000 / (there.reduce((sum, gap) => sum + gap, 0) / there.length);
    const late = there.filter((gap) => gap > 25).length;
    return `${fps.toFixed(0)} frames/s, ${late} of ${there.length} late${without(away)}`;
  };
}

/** In the table: median, 99th percentile and longest of those times alone that the host took part in. */
function spreadOf(times) {
  return (stalls) => {
    const { there, away } = withTheHost(times, stalls);
    return `${spread(there)}${without(away)}`;
  };
}

function without(away) {
  return away.length === 0
    ? ''
    : `; host away in ${away.length} more, ${Math.max(...away).toFixed(0)} ms at the longest`;
}

function hostLine() {
  const what = `processors that the host took away for more than ${STALL_MS} ms meanwhile`;
  if (host === null) return `| ${what} | not known: no \`chrt\`, or no right to it | – |`;
  const longest = Math.max(0, ...stalls.map(({ from, to }) => to - from));
  return `| ${what} | ${stalls.length} times, ${longest.toFixed(0)} ms at the longest | – |`;
}

/** Of milliseconds: median, 99th percentile and longest. */
function spread(numbers) {
  return `${median(numbers).toFixed(0)}, ${percentile(numbers, 0.99).toFixed(0)} ms (${Math.max(...numbers).toFixed(0)} ms)`;
}

function median(numbers) {
  return percentile(numbers, 0.5);
}

function percentile(numbers, share) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)];
}
