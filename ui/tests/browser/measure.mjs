/**
 * Measures what a person waits for in the page with 200 tasks, one of which copies 1 000 topics of 10 partitions, or of
 * PARTITIONS. Run by `npm run measure`; it needs the development host and the example `serve` of sluice-fakekafka. Prints a
 * line for each interaction: the time from the action to the frame that shows its outcome, the median and the worst.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openPage, startBrowser } from './browser.mjs';
import { startHost, TARGET } from './host.mjs';
import { sourceForm, taskSettings, until } from './scene.mjs';

const TASKS = 200;
const TIMES = 7;
const PARTITIONS = process.env.PARTITIONS ?? '10';

const clusters = [];
async function cluster(...args) {
  const child = spawn(join(TARGET, 'release/examples/serve'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  clusters.push(child);
  const [bootstrap] = await once(createInterface({ input: child.stdout }), 'line');
  return bootstrap;
}

let host;
let browser;
try {
  const [from, to] = await Promise.all([cluster('1', '1000', PARTITIONS), cluster('1')]);
  host = await startHost();
  const add = async (name, bootstrap) => (await host.call('source_add', { form: sourceForm(name, bootstrap), secrets: {} })).id;
  const [source, target] = [await add('from', from), await add('to', to)];
  await host.call('setting_set', { key: 'max_tasks', value: TASKS + 10 });
  for (let n = 1; n < TASKS; n += 1) await host.call('task_create', { settings: taskSettings(`Task ${n}`, source, target) });
  const all = await host.call('task_create', { settings: taskSettings('Everything', source, target, { objects: { matching: { include: 'topic-.*', exclude: null } } }) });
  await host.call('task_check', { task: all.id });
  await host.call('task_start', { task: all.id, confirm: null });
  await until(async () => (await host.call('task_show', { task: all.id })).lag_records === 0, 'everything is copied', 180_000);

  browser = await startBrowser();
  const { page } = await openPage(browser, host, { hash: '#/tasks' });
  await page.getByRole('link', { name: 'Everything' }).waitFor();

  /** In the page's own time: from `act`, a function of the page, to the first frame in which `selector` is there. */
  const time = (act, argument, selector) =>
    page.evaluate(
      async ([source, argument, selector]) => {
        const began = performance.now();
        new Function('argument', source)(argument);
        for (;;) {
          await new Promise((done) => requestAnimationFrame(done));
          if (document.querySelector(selector)) return performance.now() - began;
          if (performance.now() - began > 20_000) return Infinity;
        }
      },
      [act, argument, selector],
    );
  const GO = 'location.hash = argument';
  const TYPE = `const box = document.querySelector('main input[type=search]'); box.value = argument; box.dispatchEvent(new Event('input', { bubbles: true }))`;
  const rows = 'main [role=rowgroup] [role=row]';
  const steps = [
    ['the list of tasks', GO, '#/tasks', rows, '#/settings'],
    ['a search among them', TYPE, 'Everything', 'main [aria-rowcount="2"]', '#/tasks'],
    ['the task, its overview', GO, `#/tasks/${all.id}/overview`, 'main .big', '#/tasks'],
    ['its topics', GO, `#/tasks/${all.id}/topics`, 'main .line.topic', '#/tasks'],
    ['a search among them', TYPE, 'topic-0999', 'main [aria-rowcount="2"]', `#/tasks/${all.id}/topics`],
    ['the partitions of a topic', `document.querySelector('main .open[aria-expanded=false]').click()`, '', 'main [role=row].partition', `#/tasks/${all.id}/topics`],
    ['its settings', GO, `#/tasks/${all.id}/settings`, 'main dl', `#/tasks/${all.id}/log`],
    ['activity', GO, '#/activity', 'main h1', '#/tasks'],
    ['data sources', GO, '#/sources', 'main tbody tr', '#/tasks'],
  ];
  for (const [what, act, argument, selector, before] of steps) {
    const took = [];
    for (let n = 0; n < TIMES; n += 1) {
      // Away and back, so that nothing is left of the time before.
      await page.evaluate(() => { location.hash = '#/settings'; });
      await page.waitForTimeout(200);
      await page.evaluate((hash) => { location.hash = hash; }, before);
      await page.waitForTimeout(400);
      took.push(await time(act, argument, selector));
    }
    took.sort((a, b) => a - b);
    console.log(`${what}: ${took[TIMES >> 1].toFixed(0)} / ${took.at(-1).toFixed(0)} ms`);
  }
  await page.evaluate((hash) => { location.hash = hash; }, `#/tasks/${all.id}/topics`);
  await page.waitForTimeout(2000);
  const late = await page.evaluate(async () => {
    const gaps = [];
    let last = performance.now();
    while (gaps.length < 300) {
      const now = await new Promise((done) => requestAnimationFrame(done));
      gaps.push(now - last);
      last = now;
    }
    return Math.max(...gaps);
  });
  console.log(`longest time between two frames while the numbers of its topics move: ${late.toFixed(0)} ms`);
} finally {
  await browser?.close();
  await host?.end();
  for (const child of clusters) {
    child.stdin.end();
    await once(child, 'exit');
  }
}
