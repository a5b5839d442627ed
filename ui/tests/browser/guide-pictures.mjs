/**
 * Takes the pictures of the guide from the page as it is, in English and the light theme, with a palette instead of full colour:
 * `npm run guide-pictures`, with names of pictures to take only some. Needs pngquant, the page (`npm run build:http`) and the
 * development host.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openPage, startBrowser } from './browser.mjs';
import { startHost } from './host.mjs';
import { carryOnTo, copied } from './moving.mjs';
import { fill, pages } from './pages.mjs';
import { demoOf } from './scene.mjs';

const GUIDE = resolve(import.meta.dirname, '../../../docs/guide/pictures');
const MOST_BYTES = 150_000;
const WIDTH = 1180;
const HEIGHT = 760;
const only = process.argv.slice(2);
const isWanted = (name) => only.length === 0 || only.includes(name);

/** Name of a picture, name of a page of `pages.mjs`, the height that shows what it is about, and what else is done there. */
const SHOP = [
  ['first-start', 'start', 620],
  ['pre-check-passed', 'new-task-4-passed', 620],
  ['pre-check-failed', 'new-task-4-failed'],
  ['source-and-target', 'new-task-1-source'],
  ['objects', 'new-task-2-objects'],
  ['mapping', 'new-task-3-mapping'],
  ['existing-data', 'new-task-3-existing'],
  ['launch', 'new-task-5-launch', 620],
  ['data-sources', 'sources', 400],
  ['connection-test', 'source-new-failed', 620],
  ['data-source', 'source-overview'],
  ['records', 'source-records'],
  ['rules', 'alerts-rules', 520],
  ['quiet-times', 'alerts-quiet', 460],
  ['activity', 'activity-details', 620],
  ['settings', 'settings'],
  ['tasks', 'tasks', 460],
  ['overview', 'task-overview', HEIGHT, aMinuteLater],
  ['topics', 'task-topics', 620],
  ['log', 'task-log', 520],
  ['verify', 'task-verified'],
  ['modify', 'task-modify', 620, changed],
];

/** What the chapter about moving applications shows, in the order in which it happens. */
const MOVING = [
  { name: 'moving-groups', part: 'groups', height: 520, settle: (page) => page.locator('main tbody tr').nth(1).waitFor() },
  {
    name: 'moving-readiness',
    part: 'readiness',
    settle: async (page) => {
      await page.locator('main .content .bar .button').first().click();
      await page.getByText(/^(Not ready|Ready)/).first().waitFor({ timeout: 60_000 });
    },
  },
  { name: 'moving-plan', part: 'cutover', height: 620, settle: (page) => page.locator('form .button').waitFor() },
  { name: 'moving-rehearsed', part: 'cutover', before: plan, settle: rehearsed },
  { name: 'moving-held', part: 'cutover', before: (here, task) => carryOnTo(here, task, 'verify', false), settle: (page) => page.locator('.held').waitFor() },
  { name: 'moving-window', part: 'cutover', before: toTheWindow, settle: (page) => page.locator('tr[aria-current=step]').waitFor() },
  { name: 'moving-back', part: 'cutover', before: goBack, settle: (page) => page.locator('tr[aria-current=step]').waitFor() },
];

/** The charts have something to show. */
async function aMinuteLater(page) {
  await page.waitForTimeout(60_000);
}

/** One topic is taken out and one renamed, so that the page says what would happen. */
async function changed(page) {
  const names = page.locator('main section li input');
  await names.nth(1).fill('shop.orders');
  await page.locator('main section li button').last().click();
  await page.locator('main section').getByText(/payments/).last().waitFor();
  await page.locator('h1').click();
}

async function plan(here, task) {
  await here.host.call('cutover_plan', { task, groups: [], fence: 'none', silence_seconds: 2, follow: true });
}

async function rehearsed(page) {
  await page.locator('main .bar .primary').first().click();
  await page.locator('details tbody tr').nth(8).waitFor({ timeout: 60_000 });
}

/** The applications have moved, and the old side follows. */
async function toTheWindow(here, task) {
  await carryOnTo(here, task, 'window');
  await here.host.call('cutover_next', { task, overrule: [] });
}

async function goBack(here, task) {
  await here.host.call('cutover_back', { task, fence: 'none', silence_seconds: 2 });
}

/** A host of its own with a browser beside it, for `work`. */
async function staged(browser, work) {
  const here = { host: await startHost(), browser };
  here.demo = () => demoOf(here.host);
  try {
    await work(here);
  } finally {
    await here.host.end();
  }
}

async function take(here, name, hash, settle, height = HEIGHT) {
  const { page, context } = await openPage(here.browser, here.host, { size: { width: WIDTH, height } });
  await page.goto(`${here.host.url}/${hash}`);
  await settle(page);
  await page.evaluate(() => document.fonts.ready);
  // Nothing is pointed at, and what comes in is caught in a quiet moment.
  await page.mouse.move(WIDTH - 2, 2);
  await page.waitForTimeout(600);
  const picture = await page.screenshot({ animations: 'disabled' });
  await context.close();
  const to = join(GUIDE, `${name}.png`);
  execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--quality', '60-92', '256', '--output', to, '-'], { input: picture });
  const { size } = statSync(to);
  if (size > MOST_BYTES) throw new Error(`${to} has ${size} bytes, more than ${MOST_BYTES}`);
  console.log(`${name}: ${Math.round(size / 1000)} kB`);
}

mkdirSync(GUIDE, { recursive: true });
const browser = await startBrowser();
try {
  if (SHOP.some(([name]) => isWanted(name))) {
    await staged(browser, async (here) => {
      const shown = new Map(pages(await fill(here)).map((page) => [page.name, page]));
      for (const [name, of, height, more] of SHOP.filter(([wanted]) => isWanted(wanted))) {
        const { hash, settle } = shown.get(of);
        const both = async (page) => {
          await settle(page);
          await more?.(page);
        };
        await take(here, name, hash, both, height);
      }
    });
  }
  if (MOVING.some(({ name }) => isWanted(name))) {
    await staged(browser, async (here) => {
      const { task } = await copied(here);
      for (const { name, part, before, settle, height } of MOVING) {
        // What happens before a picture happens also where the picture is not wanted.
        await before?.(here, task);
        if (isWanted(name) || name === 'moving-rehearsed') await take(here, name, `#/tasks/${task}/${part}`, settle, height);
      }
    });
  }
} finally {
  await browser.close();
}
