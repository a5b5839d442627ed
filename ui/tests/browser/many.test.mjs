import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, taskSettings } from './scene.mjs';

const TASKS = 200;
/** Rows of a list that are drawn at most, however many there are. */
const DRAWN = 60;

const here = scene(async () => {
  const demo = await here.demo();
  await here.host.call('setting_set', { key: 'max_tasks', value: TASKS + 10 });
  for (let n = 1; n < TASKS; n += 1) {
    await here.host.call('task_create', { settings: taskSettings(`Task ${String(n).padStart(3, '0')}`, demo.source_id, demo.target_id) });
  }
});

/** How long it takes from an action to the next frame in which `selector` is there, in the page's own time. */
async function measured(page, action, selector) {
  return page.evaluate(
    async ([how, found]) => {
      const began = performance.now();
      if (how.startsWith('#')) location.hash = how;
      else document.querySelector(how).click();
      for (;;) {
        await new Promise((done) => requestAnimationFrame(done));
        if (document.querySelector(found)) return performance.now() - began;
        if (performance.now() - began > 5000) return Infinity;
      }
    },
    [action, selector],
  );
}

test(`${TASKS} tasks are listed, and only those in view are drawn`, async (context) => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('link', { name: 'Demo source' }).waitFor();
  const steps = [
    ['#/alerts/rules', 'main .bar .button'],
    ['#/activity', 'main h1'],
    ['#/tasks', 'main h1'],
    ['#/tasks/new', 'main input'],
    ['#/settings', 'main h1'],
    ['#/sources', 'main tbody tr'],
  ];
  for (const [action, selector] of steps) {
    // The first time a page is shown its code is compiled.
    await measured(page, action, selector);
  }
  for (const [action, selector] of steps) {
    const took = await measured(page, action, selector);
    context.diagnostic(`${action}: ${took.toFixed(0)} ms`);
    assert.ok(Number.isFinite(took), `${action} does not appear`);
  }
  await page.goto(page.url().replace(/#.*/, '#/tasks'));
  await page.getByRole('heading', { name: 'Tasks' }).waitFor();
  const drawn = await page.locator('main [role=row]').count();
  assert.ok(drawn > 5 && drawn <= DRAWN, `${drawn} rows are drawn`);
});
