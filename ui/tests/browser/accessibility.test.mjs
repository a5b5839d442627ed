import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fill, pages } from './pages.mjs';
import { scene } from './scene.mjs';

let filled;
const here = scene(async () => {
  filled = await fill(here);
});
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

for (const theme of ['light', 'dark']) {
  test(`no page has a serious barrier in the ${theme} theme`, async (context) => {
    const page = await here.open({ theme });
    for (const { name, hash, settle } of pages(filled)) {
      await context.test(name, async () => {
        // A page of its own: what the page before left open is gone.
        await page.goto('about:blank');
        await page.goto(`${here.host.url}/${hash}`);
        await settle(page);
        // One that is cancelled, as its element went away, is over as well.
        await page.evaluate(() =>
          Promise.all(document.getAnimations().map((animation) => (animation.effect?.getTiming().iterations === Infinity ? null : animation.finished.catch(() => undefined)))),
        );
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        const serious = violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? node.failureSummary})`).join('; ')}`);
        assert.deepEqual(serious, []);
      });
    }
  });
}
