import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SIZES } from './browser.mjs';
import { fill, pages } from './pages.mjs';
import { scene } from './scene.mjs';

let filled;
const here = scene(async () => {
  filled = await fill(here);
});
const OUT = process.env.OUT ?? new URL('../../../target/screenshots', import.meta.url).pathname;
/** A part of the names, to photograph only some. */
const ONLY = process.env.ONLY ?? '';

for (const language of ['en', 'zh']) {
  for (const theme of ['light', 'dark']) {
    for (const [size, pixels] of Object.entries(SIZES)) {
      test(`every page is photographed: ${language}, ${theme}, ${pixels.width} × ${pixels.height}`, async () => {
        await mkdir(OUT, { recursive: true });
        const page = await here.open({ language, theme, size: pixels });
        for (const { name, hash, settle } of pages(filled)) {
          if (!name.includes(ONLY)) continue;
          await page.goto('about:blank');
          await page.goto(`${here.host.url}/${hash}`);
          await settle(page);
          await page.evaluate(() => document.fonts.ready);
          await page.screenshot({ path: join(OUT, `${name}-${language}-${theme}-${size}.png`), animations: 'disabled' });
        }
      });
    }
  }
}
