// Draws the UI's PNG icons from its SVG. Usage: node tools/web/make-icons.mjs (needs Chromium, see libs/testing/src/browser.ts)
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PUBLIC = join(ROOT, 'apps', 'web', 'public');
const { startBrowser } = createRequire(import.meta.url)(join(ROOT, 'dist/libs/testing/src/browser.js'));

/** iOS and maskable icons are cut by the system: they fill the square, with the picture in its inner 80 %. */
const ICONS = [
  { file: 'icon-192.png', size: 192, full: false },
  { file: 'icon-512.png', size: 512, full: false },
  { file: 'icon-maskable-512.png', size: 512, full: true },
  { file: 'apple-touch-icon.png', size: 180, full: true },
];

const svg = readFileSync(join(PUBLIC, 'icon.svg'), 'utf8');
const [, ground] = /<rect[^>]*fill="([^"]+)"/.exec(svg) ?? [];
if (ground === undefined) throw new Error('icon.svg has no ground to continue');

const browser = await startBrowser();
for (const { file, size, full } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const inner = full ? size * 0.8 : size;
  await page.setContent(
    `<style>*{margin:0}body{display:grid;place-content:center;height:100vh;background:${full ? ground : 'transparent'}}
     svg{display:block;width:${inner}px;height:${inner}px}</style>${svg}`,
  );
  await page.screenshot({ path: join(PUBLIC, file), omitBackground: true });
  await page.close();
}
await browser.close();
