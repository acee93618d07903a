// `npm run bench:guardrails`: what looking for 10,000 banned words costs a text, as a whole and token by token.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';

const BAR_MS_PER_KIB = 0.1;
const WORDS = 10_000;
const KIB = 128;
const TOKEN_CHARS = 4;
const ROUNDS = 5;

const require = createRequire(import.meta.url);
const built = join(ROOT, 'dist/apps/chat-service/src/guardrails');
const { compilePolicy } = require(join(built, 'policy.js'));
const { GuardedText, guardText } = require(join(built, 'guarded-text.js'));

const { values } = parseArgs({ options: { write: { type: 'string' } } });

/** Numbers that are the same each time (Numerical Recipes' generator). */
let seed = 1;
const random = (below) => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) % below;
const latin = () => Array.from({ length: 3 + random(8) }, () => String.fromCharCode(97 + random(26))).join('');
const hangul = () => Array.from({ length: 2 + random(3) }, () => String.fromCharCode(0xac00 + random(11_172))).join('');
const textOf = (word) => {
  let text = '';
  while (Buffer.byteLength(text) < KIB * 1_024) text += `${word()} `;
  return text;
};

const words = [
  ...Array.from({ length: WORDS / 2 }, () => `${latin()}${latin()}`),
  ...Array.from({ length: WORDS / 2 }, () => hangul() + hangul()),
];
const policy = (patterns, maskPiiInAnswers) => ({
  lists: [
    { name: 'words', kind: 'words', action: 'mask', on: 'both', text: words.join('\n') },
    { name: 'patterns', kind: 'patterns', action: 'mask', on: 'both', text: patterns.join('\n') },
  ],
  maskPiiInAnswers,
  injection: { flag: false, repeatSystemPrompt: false },
});
const startedAt = performance.now();
const plain = compilePolicy('deployment', policy([], false)).output;
const compileMs = performance.now() - startedAt;
const all = compilePolicy('deployment', policy(['key-[a-z0-9]{8,32}', '\\bproject-\\d{3}\\b'], true)).output;
const texts = [
  ['English', textOf(latin)],
  ['Korean', textOf(hangul)],
];

const whole = (detectors) => (text) => guardText(text, detectors);
const streamed = (detectors) => (text) => {
  const stream = new GuardedText(detectors);
  for (let at = 0; at < text.length; at += TOKEN_CHARS) stream.push(text.slice(at, at + TOKEN_CHARS));
  stream.end();
};
const rows = texts.flatMap(([language, text]) => [
  [`${language}, whole`, perKib(whole(plain), text), BAR_MS_PER_KIB],
  [`${language}, a stream in pieces of ${TOKEN_CHARS} characters`, perKib(streamed(plain), text), BAR_MS_PER_KIB],
  [`${language}, whole, with two patterns and personal data`, perKib(whole(all), text), null],
  [`${language}, a stream, with two patterns and personal data`, perKib(streamed(all), text), null],
]);

const table = [
  `| with ${WORDS.toLocaleString('en')} words | CPU, ms a KiB | bar | |`,
  '| --- | --- | --- | --- |',
  ...rows.map(([what, ms, bar]) => {
    const verdict = bar === null ? '' : ms < bar ? 'pass' : '**miss**';
    return `| ${what} | ${ms.toFixed(3)} | ${bar === null ? '' : `< ${bar}`} | ${verdict} |`;
  }),
  '',
  `A list of ${WORDS.toLocaleString('en')} words is made ready in ${Math.round(compileMs)} ms, once after each change.`,
].join('\n');
console.log(`\n${table}`);
if (values.write !== undefined) await writeBetween(values.write, 'guardrails', `${await measuredOn()}\n\n${table}`);

/** The middle of some rounds after as many that warm up, milliseconds of CPU. */
function perKib(run, text) {
  for (let i = 0; i < ROUNDS; i++) run(text);
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    run(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / KIB;
  });
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}
