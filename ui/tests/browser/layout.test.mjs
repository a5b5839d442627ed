import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, pages } from './pages.mjs';
import { scene } from './scene.mjs';

/** The smallest window, the two usual ones, a large one; the usual one at 150 %, which leaves it two thirds of its width. */
const WIDTHS = [900, 1000, 1180, 1440, Math.floor(1180 / 1.5)];
const HEIGHT = 700;
/** Numbers of elements beyond which a page is not searched for overlaps: lists repeat their rows. */
const MOST = 300;

let filled;
const here = scene(async () => {
  filled = await fill(here);
});

/** What is wrong with how a page lies in its window, in words; runs in the page. */
function faults(most) {
  const found = new Set();
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const named = (element) =>
    `${element.tagName.toLowerCase()} “${(element.getAttribute('aria-label') ?? element.innerText ?? '').slice(0, 40).replaceAll('\n', ' | ')}”`;
  if (document.documentElement.scrollWidth > window.innerWidth) found.add('the page is wider than the window');
  for (const element of document.querySelectorAll('main, main *, dialog[open], dialog[open] *')) {
    if (!isSeen(element) || element.classList.contains('visually-hidden')) continue;
    const style = getComputedStyle(element);
    const isWider = element.scrollWidth > element.clientWidth + 1;
    // Text of records and configuration may be of any width.
    const isFree = element.matches('pre, .mono, input, textarea, .records, .records *');
    if (isWider && !isFree && ['auto', 'scroll'].includes(style.overflowX)) found.add(`scrolls sideways: ${named(element)}`);
    if (isWider && !isFree && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && element.innerText?.trim()) found.add(`is cut off: ${named(element)}`);
  }
  for (const label of document.querySelectorAll('main button, main a.button, dialog[open] button')) {
    if (!isSeen(label) || label.querySelector('*:not(svg, svg *, .label)') || !label.innerText.trim()) continue;
    const text = document.createRange();
    text.selectNodeContents(label);
    const lines = new Set([...text.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.bottom / 10)));
    if (lines.size > 2 || label.getBoundingClientRect().height > 44) found.add(`a button in lines: ${named(label)}`);
  }
  const acting = [...document.querySelectorAll('main :is(button, a, input, select, textarea, th, .status)')].filter(isSeen).slice(0, most);
  /** What can be seen of an element: lists and pages that scroll cut it off. */
  const shown = (element) => {
    let { left, top, right, bottom } = element.getBoundingClientRect();
    for (let up = element.parentElement; up !== null; up = up.parentElement) {
      if (getComputedStyle(up).overflowY === 'visible') continue;
      const box = up.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  // What stays in place while the page scrolls lies over it, and so do menus.
  const layer = (element) => element.closest('[popover], dialog, [role=menu]') ?? document.body;
  const floats = (element) => {
    for (let up = element; up !== null; up = up.parentElement) if (['sticky', 'fixed', 'absolute'].includes(getComputedStyle(up).position)) return true;
    return false;
  };
  const still = acting.filter((element) => !floats(element));
  for (const [at, one] of still.entries()) {
    for (const other of still.slice(at + 1)) {
      if (one.contains(other) || other.contains(one) || layer(one) !== layer(other)) continue;
      const [a, b] = [shown(one), shown(other)];
      const [width, height] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
      if (width <= 2 || height <= 2) continue;
      found.add(`lie over each other: ${named(one)} and ${named(other)}`);
    }
  }
  return [...found];
}

for (const language of ['en', 'zh']) {
  test(`no page is cut off, scrolls sideways or overlaps at any width and size: ${language}`, async () => {
    const page = await here.open({ language });
    const wrong = [];
    for (const { name, hash, settle } of pages(filled)) {
      if (!name.includes(process.env.ONLY ?? '')) continue;
      await page.goto('about:blank');
      await page.goto(`${here.host.url}/${hash}`);
      await settle(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: HEIGHT });
        // Lists and charts take the new room with the next frames.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))));
        for (const fault of await page.evaluate(faults, MOST)) wrong.push(`${name}, ${width}: ${fault}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('the two dates of a range stand beside each other, and a date that is none moves nothing', async () => {
  for (const language of ['en', 'zh']) {
    const page = await here.open({ language, hash: '#/activity' });
    const first = page.locator('main details').first();
    await first.waitFor();
    await page.locator('main .filters select').last().selectOption('range');
    const dates = page.getByRole('group').getByRole('textbox');
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      const [from, to] = await Promise.all([dates.nth(0).boundingBox(), dates.nth(1).boundingBox()]);
      assert.equal(from.y, to.y, `${language}, ${width}`);
    }
    const before = await first.boundingBox();
    await dates.nth(0).fill('2026-13-45');
    await page.locator('main [aria-invalid=true]').waitFor();
    assert.deepEqual(await first.boundingBox(), before);
  }
});

test('a text that is cut short is shown whole by the pointer', async () => {
  const page = await here.open({ hash: '#/tasks', size: { width: 900, height: 600 } });
  const route = page.getByRole('table', { name: 'Tasks' }).locator('a[data-line]').first();
  await route.waitFor();
  await page.goto(`${here.host.url}/#/sources/${filled.source_id}/topics?topic=orders`);
  const value = page.locator('.records .truncate').last();
  await value.waitFor();
  const text = await value.innerText();
  await value.hover();
  assert.equal(await value.getAttribute('title'), text);
});
